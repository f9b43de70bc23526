/**
 * Sockets that were made elsewhere, on a reactor.
 *
 * @module
 */

import type { IProtocolFactory } from "./protocol.ts";
import type { ConnectionOptions, IListeningPort, ListenStreamOptions } from "./stream.ts";
import type { TCPSocketOptions } from "./tcp.ts";

/** What kind of address a socket has, by the names of systemd's and Twisted's endpoint strings: IPv4, IPv6, or a path. */
export type AddressFamily = "INET" | "INET6" | "UNIX";

/**
 * How an adopted port listens. Its connections are as `TCPSocketOptions` describes: those that are aborted are reset, where they are TCP's. One
 * limit more is Deno's (2.9.6): a port on a UNIX socket that has run out of file descriptors accepts no more.
 */
export interface AdoptStreamPortOptions
  extends ListenStreamOptions, Pick<TCPSocketOptions, "keepAlive"> {}

/** How an adopted connection is treated; see {@linkcode AdoptStreamPortOptions}. */
export interface AdoptStreamConnectionOptions
  extends ConnectionOptions, Pick<TCPSocketOptions, "keepAlive"> {}

/** Sockets that were made elsewhere, on a reactor. Of Twisted's `IReactorSocket`, those for streams. */
export interface IReactorSocket {
  /**
   * Listens on a socket that is bound already: one that a service manager has opened, or the program before this one.
   *
   * The descriptor is the reactor's from then on, and is closed with the port; Twisted makes a copy, and leaves it to its caller. A port
   * that has stopped cannot listen again: its socket is gone. Deno (2.9.6) asks no permission for it.
   *
   * @param fileDescriptor The number of the descriptor.
   * @param addressFamily What kind of address the socket is bound to. The address of a UNIX socket is unknown: `getHost()` gives one
   *   without a path.
   * @param factory What makes the protocols.
   * @param options How it listens.
   * @throws {CannotListenError} when it is no socket that listens, and is then left as it is; or one of another family, and is closed.
   * @throws {RangeError} when the descriptor, the family or an option is out of range.
   */
  adoptStreamPort(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options?: AdoptStreamPortOptions,
  ): IListeningPort;
  /**
   * Takes a connection over: one that a service manager has accepted (`Accept=yes` in a socket unit), say. The factory builds a protocol for
   * it when the reactor runs; its `doStart` and `doStop` are not called, as in Twisted.
   *
   * The descriptor is the reactor's from then on, and is closed with the connection; Twisted makes a copy, and leaves it to its caller.
   *
   * @param fileDescriptor The number of the descriptor.
   * @param addressFamily What kind of address the socket has. Those of UNIX sockets are unknown.
   * @param factory What makes the protocol.
   * @param options How the connection is treated.
   * @throws {ConnectError} when it is no socket, and is then left as it is; or no connection of that family, and is closed.
   * @throws {RangeError} when the descriptor, the family or an option is out of range.
   */
  adoptStreamConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options?: AdoptStreamConnectionOptions,
  ): void;
}
