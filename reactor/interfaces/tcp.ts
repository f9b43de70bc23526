/**
 * TCP on a reactor.
 *
 * @module
 */

import type { IClientFactory, IProtocolFactory } from "./protocol.ts";
import type {
  ConnectStreamOptions,
  IConnector,
  IListeningPort,
  ListenStreamOptions,
} from "./stream.ts";

/** How a TCP port listens. */
export interface ListenTCPOptions extends ListenStreamOptions {
  /**
   * The local address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string;
}

/** How a TCP connection is opened. */
export interface ConnectTCPOptions extends ConnectStreamOptions {}

/** TCP on a reactor. Twisted's `IReactorTCP`. */
export interface IReactorTCP {
  /**
   * Listens on a TCP port. The port is bound when this returns; connections are accepted while the reactor runs.
   *
   * @param port The port number; 0 lets the system choose one.
   * @throws {CannotListenError} when the address cannot be had.
   * @throws {RangeError} when the port or an option is out of range.
   */
  listenTCP(port: number, factory: IProtocolFactory, options?: ListenTCPOptions): IListeningPort;
  /**
   * Connects to a TCP port. The attempt begins when the reactor runs.
   *
   * @param host A name or an address.
   * @param port The port number.
   * @throws {RangeError} when the port or an option is out of range.
   */
  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTCPOptions,
  ): IConnector;
}
