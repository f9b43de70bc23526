/**
 * Servers of `node:net` that listen at once.
 *
 * `server.listen({ host, port })` binds in a later turn. So this module creates the handle itself,
 * with the function that node's cluster module uses. That function is not documented, and has no
 * type.
 *
 * @module
 */

import type { Server } from "node:net";
import { netModule } from "./builtin_modules.ts";

/** The handle of a listening server. */
export interface ServerHandle {
  /**
   * Listens. A repeated call makes a TCP server check again for connections to accept.
   *
   * @returns 0, or the error number of the system.
   */
  listen(backlog: number): number;
  /** Releases the bound address. */
  close(): void;
}

type MakeHandle = (
  host: string | null,
  port: number | null,
  family: 4 | 6 | null,
  fileDescriptor?: number,
) => ServerHandle | number;

/** A listening server with its handle. */
export interface ListeningServer {
  /** The server. Its connections are paused, and may be half-closed. */
  readonly server: Server;
  /** The handle of the listening socket. */
  readonly handle: ServerHandle;
}

/**
 * Binds an address.
 *
 * @returns The handle, or the error number of the system.
 */
export function bindHandle(host: string, port: number): ServerHandle | number {
  return makeHandle()(host, port, host.includes(":") ? 6 : 4);
}

/**
 * Adopts a socket.
 *
 * @returns The handle, or the error number of the system if the descriptor cannot listen.
 */
export function adoptHandle(fileDescriptor: number): ServerHandle | number {
  return makeHandle()(null, null, null, fileDescriptor);
}

/**
 * Listens at once.
 *
 * @returns The server, or `null` if it cannot listen.
 */
export function listenNow(handle: ServerHandle | number, backlog: number): ListeningServer | null {
  if (typeof handle === "number") return null;
  const server = netModule().createServer({ pauseOnConnect: true, allowHalfOpen: true });
  // A failure is visible in `server.listening` at once. The error event of the same failure follows
  // in a later turn and is ignored.
  const ignore = () => {};
  server.on("error", ignore);
  server.listen(handle, backlog);
  if (!server.listening) return null;
  server.off("error", ignore);
  return { server, handle };
}

function makeHandle(): MakeHandle {
  // The cast adds this function, which node's types lack. The head of this file explains the
  // function.
  return (netModule() as unknown as { _createServerHandle: MakeHandle })._createServerHandle;
}
