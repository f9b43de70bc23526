/**
 * The events of a connection, forwarded to another connection. Both {@linkcode joinConnections} and
 * the protocols of a port forwarder consist of these functions.
 *
 * @module
 */

import { isInstance } from "../internal/foreign_value.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { ITransport, WriteOptions } from "../reactor/interfaces/mod.ts";

const TRANSFERRED: WriteOptions = { transfer: true };

/**
 * Makes each connection the push producer of the other one, so that a slow reader pauses its
 * sender.
 *
 * @throws {Error} when one of them has a producer already. Then nothing has changed.
 */
export function connectProducers(a: ITransport, b: ITransport): void {
  a.registerProducer(b, true);
  try {
    b.registerProducer(a, true);
  } catch (error) {
    a.unregisterProducer();
    throw error;
  }
}

/** Forwards a chunk. Its memory is transferred to the other connection. */
export function forwardData(to: ITransport, data: Uint8Array): void {
  to.write(data, TRANSFERRED);
}

/** Forwards that a peer has closed its writing side: closes that of the other connection. */
export function forwardReadEnd(to: ITransport): void {
  to.unregisterProducer();
  to.loseWriteConnection();
}

/**
 * Forwards the end of a connection: closes the other one after all data has been sent, or aborts it
 * if this one broke, so that its peer does not take a part for the whole.
 *
 * @param to The other connection.
 * @param reason The reason of the end.
 * @param hasReadEnded Whether the peer had closed its writing side before. Then it had sent all its
 *   data, and the other connection is closed in the normal way.
 */
export function forwardLoss(to: ITransport, reason: Error, hasReadEnded: boolean): void {
  to.unregisterProducer();
  if (hasReadEnded || isInstance(reason, ConnectionDone)) to.loseConnection();
  else to.abortConnection(reason);
}
