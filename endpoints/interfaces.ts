import type { Deferred } from "../defer/mod.ts";
import type { IListeningPort, IProtocol, IProtocolFactory } from "../reactor/interfaces/mod.ts";

/** A place to listen, as a value. Twisted's `IStreamServerEndpoint`. */
export interface IStreamServerEndpoint {
  /**
   * Listens there.
   *
   * @param factory What makes the protocols.
   * @returns A Deferred that fires with the port, or fails with `CannotListenError`.
   */
  listen(factory: IProtocolFactory): Deferred<IListeningPort>;
  /** Where it listens, as people write it: for logs. Every endpoint of this library says so. */
  toString(): string;
}

/** A factory that says what it builds: `connect` fires with a protocol of that type. */
export interface ITypedProtocolFactory<P extends IProtocol> extends IProtocolFactory {
  /** The protocol for a connection to `addr`; `null` turns the connection away. */
  buildProtocol(addr: Parameters<IProtocolFactory["buildProtocol"]>[0]): P | null;
}

/** A place to connect to, as a value. Twisted's `IStreamClientEndpoint`. */
export interface IStreamClientEndpoint {
  /**
   * Connects there.
   *
   * @param factory What makes the protocol; `buildProtocol` is called once.
   * @returns A Deferred that fires with the protocol when its connection has been made, or fails with a `ConnectError`.
   *   Cancelling it ends the attempt, and it fails with `ConnectingCancelledError`.
   */
  connect<P extends IProtocol>(factory: ITypedProtocolFactory<P>): Deferred<P>;
  /** Where it leads, as people write it: for logs. Every endpoint of this library says so. */
  toString(): string;
}
