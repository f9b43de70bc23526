/**
 * The acceptor of a `Deno.Listener`.
 *
 * @module
 */

import type { Address } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { codeOf } from "../../../internal/foreign_value.ts";
import { SpareDescriptor } from "./spare_descriptor.ts";

// Errors of the accepted connection, which do not affect the listener: the peer has reset the
// connection (Deno then fails to read its address: ENOTCONN), a firewall rejected it (EPERM), or
// Linux reports its pending network error (accept(2)).
const CONNECTION_ERRORS: ReadonlySet<string | undefined> = new Set([
  "ENOTCONN",
  "ECONNABORTED",
  "ECONNRESET",
  "EPERM",
  "EPROTO",
  "ENOPROTOOPT",
  "ENETDOWN",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EHOSTUNREACH",
]);

/** The members of `Deno.Listener` that the acceptor uses. */
export type AcceptingListener<C extends Deno.Conn> = Pick<
  Deno.Listener<C>,
  "accept" | "close" | "unref"
>;

/** Accepts the connections of a Deno listener for a port. */
export class ListenerAcceptor<C extends Deno.Conn, A extends Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #listener: AcceptingListener<C>;
  readonly #driverFor: (conn: C) => StreamDriver;
  #sink: StreamAcceptorSink | null = null;
  readonly #spare = new SpareDescriptor();
  #accepting = false;
  #turningAway = false;
  #closed = false;
  // The callbacks are created once per listener, because a closure per connection would cost time.
  readonly #onAccepted = (conn: C): void => this.#accepted(conn);
  readonly #onFailed = (error: unknown): void => this.#failed(error);

  /**
   * Creates the acceptor of a listener.
   *
   * @param listener The listener, which the acceptor closes.
   * @param address The address to which the listener is bound.
   * @param driverFor Creates the driver of an accepted connection.
   */
  constructor(
    listener: AcceptingListener<C>,
    address: A,
    driverFor: (conn: C) => StreamDriver,
  ) {
    this.#listener = listener;
    this.#driverFor = driverFor;
    this.address = address;
    this.#spare.take();
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(turnAway: boolean = false): void {
    this.#accepting = true;
    this.#turningAway = turnAway && this.#spare.isAllowed;
    if (this.#turningAway) this.#spare.release();
    this.#listener.accept().then(this.#onAccepted, this.#onFailed);
  }

  /** Closes the listener. The address is free once the pending accept has settled. */
  close(): void {
    this.#closed = true;
    this.#spare.release();
    this.#listener.close();
    if (!this.#accepting) queueMicrotask(() => this.#sink?.released());
  }

  unref(): void {
    if (!this.#closed) this.#listener.unref();
  }

  #accepted(conn: C): void {
    this.#accepting = false;
    if (this.#closed) {
      // The listener was closed while the system accepted this connection, so no port will serve
      // it.
      conn.close();
      this.#sink?.released();
      return;
    }
    // If the spare descriptor can be reopened while the new connection is open, descriptors are
    // available again, and the connection is accepted normally.
    const isShort = !this.#spare.take() && this.#turningAway;
    if (!isShort) {
      this.#sink?.accepted(this.#driverFor(conn));
      return;
    }
    conn.close();
    this.#spare.take();
    this.#sink?.turnedAway();
  }

  #failed(error: unknown): void {
    this.#accepting = false;
    if (this.#closed) this.#sink?.released();
    else if (CONNECTION_ERRORS.has(codeOf(error))) this.accept(this.#turningAway);
    else this.#sink?.acceptFailed(asError(error));
  }
}
