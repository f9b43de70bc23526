/**
 * The counters of one connection.
 *
 * @module
 */

import type { ConnectionBytes } from "../lifecycle/traffic.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { SocketAttributes } from "./socket_attributes.ts";

/** A connection that counts its bytes. Under TLS, these are the bytes outside of it. */
export abstract class MeteredTransport extends SocketAttributes implements ConnectionBytes {
  bytesReceived = 0;
  bytesSent = 0;
  /** The time at which the connection was opened, in seconds. */
  openedAt = 0;

  /** Counts the connection as open from now on. */
  protected countFrom({ reactor, resources }: ConnectionContext): void {
    resources.traffic.opened();
    this.openedAt = reactor.seconds();
  }
}
