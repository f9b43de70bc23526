/**
 * Sockets that another program has opened and that this process has inherited.
 *
 * @module
 */

import type { IProtocolFactory } from "./protocol.ts";
import type { ConnectionOptions, IListeningPort, ListenStreamOptions } from "./stream.ts";
import type { TCPSocketOptions } from "./tcp.ts";

/**
 * The address family of a socket: IPv4, IPv6 or UNIX, by the names that systemd and Twisted's
 * endpoint strings use.
 */
export type AddressFamily = "INET" | "INET6" | "UNIX";

/**
 * Options of an adopted port. `node:net` moves the bytes of its connections, so the limitations
 * that {@linkcode TCPSocketOptions} lists apply, and aborting a TCP connection resets it. A further
 * limitation of Deno 2.9: a port on a UNIX socket accepts no more connections after the process has
 * run out of file descriptors.
 */
export interface AdoptStreamPortOptions
  extends ListenStreamOptions, Pick<TCPSocketOptions, "keepAlive"> {}

/** Options of an adopted connection. See {@linkcode AdoptStreamPortOptions} for the limitations. */
export interface AdoptStreamConnectionOptions
  extends ConnectionOptions, Pick<TCPSocketOptions, "keepAlive"> {}

/** Inherited stream sockets on a reactor. The stream part of Twisted's `IReactorSocket`. */
export interface IReactorSocket {
  /**
   * Listens on an inherited socket that is already bound, such as one from a service manager or
   * from the previous version of this program.
   *
   * The reactor takes ownership of the descriptor and closes it with the port. Twisted duplicates
   * the descriptor and leaves the original to the caller. A port that has stopped listening cannot
   * listen again, because its socket is closed. Deno 2.9 requires no permission for this.
   *
   * @param fileDescriptor The number of the file descriptor.
   * @param addressFamily The address family of the socket. The address of a UNIX socket is unknown:
   *   `getHost()` returns an address with an empty path.
   * @param factory The factory that creates the protocols.
   * @param options Limits and timeouts of the port and its connections.
   * @throws {CannotListenError} If the descriptor is not a listening socket; the descriptor then
   *   stays open. Also if the socket has a different address family; it is then closed.
   * @throws {RangeError} If the descriptor, the family or an option is out of range.
   */
  adoptStreamPort(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options?: AdoptStreamPortOptions,
  ): IListeningPort;
  /**
   * Takes over an inherited connection, such as one that a service manager has accepted
   * (`Accept=yes` in a socket unit).
   *
   * The factory creates a protocol for the connection when the reactor runs. As in Twisted, the
   * factory's `doStart` and `doStop` are not called. The reactor takes ownership of the descriptor
   * and closes it with the connection. Twisted duplicates the descriptor and leaves the original to
   * the caller.
   *
   * @param fileDescriptor The number of the file descriptor.
   * @param addressFamily The address family of the socket. The addresses of UNIX sockets are
   *   unknown.
   * @param factory The factory that creates the protocol.
   * @param options Limits and timeouts of the connection.
   * @throws {ConnectError} If the descriptor is not a socket; the descriptor then stays open. Also
   *   if it is not a connection of that address family; it is then closed.
   * @throws {RangeError} If the descriptor, the family or an option is out of range.
   */
  adoptStreamConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options?: AdoptStreamConnectionOptions,
  ): void;
}
