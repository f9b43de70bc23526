/**
 * The server of `torsion_websocket_server.ts` on the package `ws` of npm, for Node. The second
 * argument is the file of the package, which Deno has downloaded.
 */

import process from "node:process";

const [port, file] = process.argv.slice(2);
const { WebSocketServer } = await import(file);
const server = new WebSocketServer({ port: Number(port), perMessageDeflate: false });
server.on("listening", () => console.log(`listening on ${server.address().port}`));
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
