/**
 * An echo server on `Bun.listen`. With `hello`, it sends a greeting and closes instead.
 *
 * Usage: `bun bench/servers/bun_listen.ts PORT [hello]`
 *
 * @module
 */

import process from "node:process";

/** The part of Bun's socket that is used here. */
interface Socket {
  /** The chunks that the system has not accepted yet. */
  data: Uint8Array[];
  setNoDelay(noDelay: boolean): void;
  write(data: Uint8Array | string): number;
  end(): void;
}

/** The part of Bun's API that is used here: Deno has no types for it. */
interface BunAPI {
  listen(options: {
    hostname: string;
    port: number;
    socket: {
      open(socket: Socket): void;
      data(socket: Socket, chunk: Uint8Array): void;
      drain?(socket: Socket): void;
    };
  }): { readonly port: number };
}

const { Bun } = globalThis as unknown as { Bun: BunAPI };
const [port, hello] = process.argv.slice(2);

const greeting = {
  open(socket: Socket): void {
    socket.write("Hello Twisted");
    socket.end();
  },
  data(): void {},
};

const echo = {
  open(socket: Socket): void {
    socket.setNoDelay(true);
    socket.data = [];
  },
  data(socket: Socket, chunk: Uint8Array): void {
    const sent = socket.data.length > 0 ? 0 : socket.write(chunk);
    // Bun uses the memory of the chunk again.
    if (sent < chunk.length) socket.data.push(chunk.slice(sent));
  },
  drain(socket: Socket): void {
    for (let [chunk] = socket.data; chunk !== undefined; [chunk] = socket.data) {
      const sent = socket.write(chunk);
      if (sent < chunk.length) {
        socket.data[0] = chunk.subarray(sent);
        return;
      }
      socket.data.shift();
    }
  },
};

const socket = hello === undefined ? echo : greeting;
const server = Bun.listen({ hostname: "127.0.0.1", port: Number(port), socket });
console.log(`listening on ${server.port}`);
