import { ConnectionDone } from "../errors.ts";

/**
 * The reason of every clean close: one error for all connections, as in Twisted. Deno takes three
 * microseconds to create an error, a tenth of a short connection. It is frozen because no
 * connection may change it for the others.
 */
export const CLOSED_CLEANLY: ConnectionDone = Object.freeze(new ConnectionDone());
