/**
 * Servers of `node:net` that listen when they are told to, and not a turn later.
 *
 * @module
 */

import type { Server } from "node:net";
import { netModule } from "./net_module.ts";

/** Makes a server whose connections wait to be read, and may be half closed. */
export function makeServer(): Server {
  return netModule().createServer({ pauseOnConnect: true, allowHalfOpen: true });
}

/** Listens at once. @returns whether it does. */
export function listenNow(server: Server, on: object, backlog: number): boolean {
  // What goes wrong shows at once; the event comes in a later turn.
  const ignore = () => {};
  server.on("error", ignore);
  server.listen(on, backlog);
  if (server.listening) server.off("error", ignore);
  return server.listening;
}
