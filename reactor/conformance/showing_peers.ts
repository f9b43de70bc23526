/**
 * Peers of `node:tls` that show whatever certificates they are given.
 *
 * @module
 */

import tls from "node:tls";
import type { Shown } from "./certificate_case.ts";

/** What a peer shows, as PEM. */
async function shownBy(
  { leaf, garbage = "", others = [] }: Shown,
): Promise<{ cert: string; key: string }> {
  const cert = [leaf.pem, garbage, ...others.map(({ pem }) => pem)].join("\n");
  return { cert, key: await leaf.key() };
}

/** A server that shows these, and its port. */
export async function serveShowing(shown: Shown): Promise<{ port: number } & AsyncDisposable> {
  const server = tls.createServer(await shownBy(shown));
  const sockets = new Set<tls.TLSSocket>();
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    // A client that refuses it goes without a word.
    socket.on("error", () => {}).resume();
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client that shows these, and takes any server. */
export async function connectShowing(port: number, shown: Shown): Promise<AsyncDisposable> {
  const socket = tls.connect({
    ...await shownBy(shown),
    ...{ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false },
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {}).resume();
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      socket.destroy();
      await closed;
    },
  };
}
