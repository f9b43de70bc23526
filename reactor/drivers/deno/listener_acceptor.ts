/**
 * Accepts the connections of a `Deno.Listener`.
 *
 * @module
 */

import type { Address } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { SpareDescriptor } from "./spare_descriptor.ts";
import { codeOf } from "./system_error.ts";

// Only the connection that was to be accepted is broken: its peer has reset it already (Deno then
// fails to tell its address, ENOTCONN), a firewall has turned it away (EPERM), or, on Linux, its
// pending network error is reported here (accept(2)). The next one may be fine.
const OF_ONE_CONNECTION: ReadonlySet<string | undefined> = new Set([
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

/** What of `Deno.Listener` is used here. */
export type AcceptingListener<C extends Deno.Conn> = Pick<
  Deno.Listener<C>,
  "accept" | "close" | "addr" | "unref"
>;

/** An acceptor over a listener. */
export class ListenerAcceptor<C extends Deno.Conn, A extends Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #listener: AcceptingListener<C>;
  readonly #driverFor: (conn: C) => StreamDriver;
  #sink: StreamAcceptorSink | null = null;
  readonly #spare = new SpareDescriptor();
  #accepting = false;
  #turningAway = false;
  #closed = false;
  // One of each for all its connections.
  readonly #onAccepted = (conn: C): void => this.#accepted(conn);
  readonly #onFailed = (error: unknown): void => this.#failed(error);

  /**
   * @param listener The listener. It belongs to the acceptor now.
   * @param address The address that the listener is bound to.
   * @param driverFor Makes the driver of an accepted connection.
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

  accept(turnAway = false): void {
    this.#accepting = true;
    this.#turningAway = turnAway && this.#spare.isAllowed;
    if (this.#turningAway) this.#spare.release();
    this.#listener.accept().then(this.#onAccepted, this.#onFailed);
  }

  /**
   * See {@linkcode StreamAcceptor.close}. The address is free only when the accept under way has
   * settled.
   */
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
      // It came in the moment in which the listener was closed.
      conn.close();
      this.#sink?.released();
      return;
    }
    // If the spare descriptor can be had again beside the connection, there is no shortage.
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
    else if (OF_ONE_CONNECTION.has(codeOf(error))) this.accept(this.#turningAway);
    else this.#sink?.acceptFailed(asError(error));
  }
}
