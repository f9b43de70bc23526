/**
 * Endpoints: where to listen, and what to connect to. The entry point of the endpoints exports
 * them.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { Address } from "./address.ts";
import type { IProtocol, IProtocolFactory } from "./protocol.ts";
import type { IListeningPort } from "./stream.ts";

/**
 * A server endpoint: an object that knows where to listen. Twisted's `IStreamServerEndpoint`.
 *
 * @typeParam A The type of the address of its port.
 */
export interface IStreamServerEndpoint<A extends Address = Address> {
  /**
   * Starts to listen.
   *
   * @param factory The factory that builds the protocols.
   * @param options `signal` cancels the wait for the port.
   * @returns A Deferred that fires with the port, or fails with `CannotListenError`.
   */
  listen(factory: IProtocolFactory, options?: EndpointOptions): Deferred<IListeningPort<A>>;
  /** Returns the address to listen on, for logs. Every endpoint of this library does so. */
  toString(): string;
}

/** Options of waiting for a connection or a port. */
export interface EndpointOptions {
  /**
   * Ends the wait when it aborts. It has no effect on a port or a connection that has been made.
   *
   * An attempt to connect then fails with `ConnectTimeoutError` if the signal is that of
   * `AbortSignal.timeout()`, and else with `ConnectingCancelledError`. A wait for a port fails with
   * `TimeoutError` or `CancelledError`.
   */
  signal?: AbortSignal | undefined;
}

/**
 * A factory whose type declares the protocols that it builds, so that `connect` fires with a
 * protocol of that type.
 *
 * @typeParam P The protocols that it builds.
 */
export interface ITypedProtocolFactory<P extends IProtocol> extends IProtocolFactory {
  /**
   * Builds the protocol for a connection.
   *
   * @param addr The peer's address.
   * @returns The protocol; or `null` to refuse the connection.
   */
  buildProtocol(addr: Address): P | null;
}

/**
 * A client endpoint: an object that knows where to connect to. Twisted's `IStreamClientEndpoint`.
 */
export interface IStreamClientEndpoint {
  /**
   * Starts to connect.
   *
   * @param factory The factory that builds the protocol. `buildProtocol` is called once.
   * @param options `signal` ends the attempt.
   * @returns A Deferred that fires with the protocol when its connection has been made, or fails
   *   with a `ConnectError`. Cancelling it ends the attempt, and fails it with
   *   `ConnectingCancelledError`.
   */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P>;
  /** Returns the address to connect to, for logs. Every endpoint of this library does so. */
  toString(): string;
}
