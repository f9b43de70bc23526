/**
 * The server of `torsion_resp_server.ts` as a JavaScript author would write it: on `node:net`, with
 * `redis-parser`. The replies to the commands of a chunk leave in one write.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import RedisParser from "redis-parser";

const store = new Map<string, Buffer>();

function reply(command: Buffer[]): string | Buffer {
  const [name, key, value] = command;
  switch (name?.toString().toUpperCase()) {
    case "PING":
      return "+PONG\r\n";
    case "SET":
      store.set(String(key), Buffer.from(value ?? ""));
      return "+OK\r\n";
    case "GET": {
      const found = store.get(String(key));
      if (found === undefined) return "$-1\r\n";
      return Buffer.concat([Buffer.from(`$${found.length}\r\n`), found, Buffer.from("\r\n")]);
    }
    case "CONFIG":
      return "*0\r\n";
    default:
      return "-ERR unknown command\r\n";
  }
}

function serve(socket: Socket): void {
  const parser = new RedisParser({
    returnBuffers: true,
    returnReply: (command: Buffer[]) => socket.write(reply(command)),
    returnError: () => socket.destroy(),
  });
  socket.setNoDelay(true);
  socket.on("data", (chunk: Buffer) => {
    socket.cork();
    parser.execute(chunk);
    socket.uncork();
  });
  socket.on("error", () => {});
}

const server = createServer(serve).listen(Number(Deno.args[0]), () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  console.log(`listening on ${address.port}`);
});
