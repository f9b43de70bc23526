import type { Deferred } from "../defer/mod.ts";
import type {
  Address,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
} from "../reactor/interfaces/mod.ts";

/**
 * A place to listen, as a value. Twisted's `IStreamServerEndpoint`.
 *
 * @typeParam A The type of the address that its port has.
 */
export interface IStreamServerEndpoint<A extends Address = Address> {
  /**
   * Listens there.
   *
   * @param factory What makes the protocols.
   * @param options `signal` cancels the wait for the port.
   * @returns A Deferred that fires with the port, or fails with `CannotListenError`.
   */
  listen(factory: IProtocolFactory, options?: EndpointOptions): Deferred<IListeningPort<A>>;
  /** Where it listens, as people write it: for logs. Every endpoint of this library says so. */
  toString(): string;
}

/** How to wait for an endpoint. */
export interface EndpointOptions {
  /**
   * Ends the wait when it aborts; it has no effect on a port or connection that has been made.
   *
   * An attempt to connect then fails with `ConnectTimeoutError` if the signal is that of
   * `AbortSignal.timeout()`, and else with `ConnectingCancelledError`. A wait for a port fails with
   * `TimeoutError` or `CancelledError`.
   */
  signal?: AbortSignal | undefined;
}

/** A factory that says what it builds: `connect` fires with a protocol of that type. */
export interface ITypedProtocolFactory<P extends IProtocol> extends IProtocolFactory {
  /** The protocol for a connection to `addr`; `null` turns the connection away. */
  buildProtocol(addr: Address): P | null;
}

/** A place to connect to, as a value. Twisted's `IStreamClientEndpoint`. */
export interface IStreamClientEndpoint {
  /**
   * Connects there.
   *
   * @param factory What makes the protocol; `buildProtocol` is called once.
   * @param options `signal` ends the attempt.
   * @returns A Deferred that fires with the protocol when its connection has been made, or fails with a `ConnectError`.
   *   Cancelling it ends the attempt, and it fails with `ConnectingCancelledError`.
   */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P>;
  /** Where it leads, as people write it: for logs. Every endpoint of this library says so. */
  toString(): string;
}
