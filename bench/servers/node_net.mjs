/**
 * An echo server on `node:net`, for Node and for Deno. With `hello`, it sends a greeting and closes
 * instead.
 *
 * Usage: `node bench/servers/node_net.mjs PORT [hello]`
 *
 * @module
 */

import net from "node:net";
import process from "node:process";

const [port, hello] = process.argv.slice(2);

const server = net.createServer({ noDelay: hello === undefined }, (socket) => {
  socket.on("error", () => {});
  if (hello !== undefined) {
    socket.end("Hello Twisted");
    return;
  }
  socket.on("data", (chunk) => {
    if (socket.write(chunk)) return;
    socket.pause();
    socket.once("drain", () => socket.resume());
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`listening on ${server.address().port}`);
});
