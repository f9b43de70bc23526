/**
 * The server of `torsion_websocket_server.ts` on `Deno.serve` and `Deno.upgradeWebSocket`.
 *
 * @module
 */

Deno.serve({
  port: Number(Deno.args[0]),
  onListen: ({ port }) => console.log(`listening on ${port}`),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
