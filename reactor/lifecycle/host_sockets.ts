/**
 * The interface between a reactor and the sockets of its host.
 *
 * @module
 */

import type { UDPDriver } from "../datagram/datagram_driver.ts";
import type {
  ConnectTCPOptions,
  IHostnameResolver,
  IInternetAddress,
  IReactorTime,
  IUNIXAddress,
  ListenTCPOptions,
} from "../interfaces/mod.ts";
import type { Dial } from "../stream/dial.ts";
import type { StreamAcceptor } from "../stream/stream_acceptor.ts";

/**
 * The sockets of a host: of the operating system, of a network in memory or of a simulated machine.
 * A `DriverReactor` checks all arguments before it passes them on.
 */
export interface HostSockets {
  /**
   * Returns whether {@linkcode HostSockets.dialTCP} resolves host names itself, with the same
   * results as a resolver. For any other resolver, and without this method, the reactor looks up
   * the name and dials the addresses.
   *
   * @param resolver The name resolver of the reactor.
   */
  resolvesNamesLike?(resolver: IHostnameResolver): boolean;
  /**
   * Binds a TCP port.
   *
   * @param host The local IP address.
   * @param port The port number; 0 for a free port.
   * @param backlog The number of connections that may wait to be accepted.
   * @param options The options of `listenTCP` or `listenTLS`.
   * @returns The acceptor of the port.
   * @throws {CannotListenError} If the address cannot be bound.
   */
  bindTCP(
    host: string,
    port: number,
    backlog: number,
    options: ListenTCPOptions,
  ): StreamAcceptor<IInternetAddress>;
  /**
   * Returns a dial to a TCP port.
   *
   * @param host The IP address, or a host name if {@linkcode HostSockets.resolvesNamesLike}
   *   permits.
   * @param port The port number.
   * @param options The options of `connectTCP` or `connectTLS`.
   */
  dialTCP(host: string, port: number, options: ConnectTCPOptions): Dial;
  /**
   * Binds a UNIX socket.
   *
   * @param path The path, or an abstract name.
   * @param backlog The number of connections that may wait to be accepted.
   * @param mode The mode of the socket's file.
   * @param wantPID Whether to hold the lock file while the socket is bound.
   * @returns The acceptor of the socket.
   * @throws {CannotListenError} If the path cannot be bound.
   */
  bindUNIX(
    path: string,
    backlog: number,
    mode: number,
    wantPID: boolean,
  ): StreamAcceptor<IUNIXAddress>;
  /**
   * Returns a dial to a UNIX socket.
   *
   * @param path The path, or an abstract name.
   * @param checkPID Whether the server must hold its lock file.
   * @param clock The clock of the reactor, for attempts that wait.
   */
  dialUNIX(path: string, checkPID: boolean, clock: IReactorTime): Dial;
  /**
   * Binds a UDP port.
   *
   * @param host The local IP address.
   * @param port The port number; 0 for a free port.
   * @param shared Whether other sockets may bind the same port with this option.
   * @returns The driver of the socket.
   * @throws {CannotListenError} If the address cannot be bound.
   */
  bindUDP(host: string, port: number, shared: boolean): UDPDriver;
}
