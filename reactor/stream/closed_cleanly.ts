import { ConnectionDone } from "../errors.ts";

let reason: ConnectionDone | null = null;

/**
 * Returns the reason of every clean close: one error for all connections, as in Twisted. Deno takes
 * three microseconds to create an error, a tenth of a short connection. It is frozen because no
 * connection may change it for the others.
 */
export function closedCleanly(): ConnectionDone {
  // Not created at import: the first error of a bundle makes V8 parse the whole bundle again.
  return reason ??= createReason();
}

function createReason(): ConnectionDone {
  const error = new ConnectionDone();
  // The stack would be that of one connection.
  error.stack = String(error);
  return Object.freeze(error);
}
