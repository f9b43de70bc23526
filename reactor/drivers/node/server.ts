/**
 * Servers of `node:net` that listen when they are told to, and not a turn later.
 *
 * `server.listen({ host, port })` binds in a later turn. So the handle that it would make then is
 * made here, by the function that node's cluster module binds with; it is not documented, and so
 * has no type.
 *
 * @module
 */

import type { Server } from "node:net";
import { netModule } from "./net_module.ts";

/** What a server listens with. */
export interface ServerHandle {
  /**
   * Listens. Once more, it has a TCP server look again for connections to accept. @returns 0, or
   * the number of the system's error.
   */
  listen(backlog: number): number;
  /** Gives up what it has bound. */
  close(): void;
}

type MakeHandle = (
  host: string | null,
  port: number | null,
  family: 4 | 6 | null,
  fileDescriptor?: number,
) => ServerHandle | number;

/** A server that listens, and what with. */
export interface ListeningServer {
  /** The server: its connections wait to be read, and may be half closed. */
  readonly server: Server;
  /** Its handle. */
  readonly handle: ServerHandle;
}

/** Binds an address. @returns the number of the system's error when it cannot be had. */
export function bindHandle(host: string, port: number): ServerHandle | number {
  return makeHandle()(host, port, host.includes(":") ? 6 : 4);
}

/**
 * Takes a socket over. @returns the number of the system's error when the descriptor is none that
 * could listen.
 */
export function adoptHandle(fileDescriptor: number): ServerHandle | number {
  return makeHandle()(null, null, null, fileDescriptor);
}

/**
 * Listens at once.
 *
 * @returns `null` when it cannot listen.
 */
export function listenNow(handle: ServerHandle | number, backlog: number): ListeningServer | null {
  if (typeof handle === "number") return null;
  const server = netModule().createServer({ pauseOnConnect: true, allowHalfOpen: true });
  // What goes wrong shows at once; the event comes in a later turn.
  const ignore = () => {};
  server.on("error", ignore);
  server.listen(handle, backlog);
  if (!server.listening) return null;
  server.off("error", ignore);
  return { server, handle };
}

function makeHandle(): MakeHandle {
  // See above.
  return (netModule() as unknown as { _createServerHandle: MakeHandle })._createServerHandle;
}
