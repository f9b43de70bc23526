/**
 * UNIX datagram sockets.
 *
 * @module
 */

import type { IUNIXAddress } from "./address.ts";
import type { DatagramOptions, IDatagramProtocol, IDatagramTransport } from "./datagram.ts";

/**
 * The transport of a UNIX datagram protocol. Twisted's `IUNIXDatagramTransport`.
 *
 * @experimental Requires `--unstable-net` on `DenoReactor`.
 */
export interface IUNIXDatagramTransport extends IDatagramTransport {
  /**
   * Sends one datagram without blocking. Does nothing if the port is closed.
   *
   * A datagram that the system cannot send is dropped and logged. As in Twisted, that includes
   * datagrams for which the receiver's queue has no room.
   *
   * @param datagram The bytes, or a string that is encoded as UTF-8. It may be empty. The caller
   *   may change the bytes when this method returns.
   * @param addr The destination: an address from `datagramReceived`, or a path.
   * @throws {RangeError | TypeError} If the path is invalid.
   */
  write(datagram: Uint8Array | string, addr: IUNIXAddress | string): void;
  /** Sends several chunks as one datagram. */
  writeSequence(pieces: Iterable<Uint8Array | string>, addr: IUNIXAddress | string): void;
  /** Returns the address to which the port is bound. */
  getHost(): IUNIXAddress;
}

/**
 * The transport of a connected UNIX datagram protocol. Twisted's `IUNIXDatagramConnectedTransport`.
 *
 * @experimental Requires `--unstable-net` on `DenoReactor`.
 */
export interface IUNIXDatagramConnectedTransport extends IDatagramTransport {
  /**
   * Sends one datagram to the peer, as {@linkcode IUNIXDatagramTransport.write} does. If no socket
   * listens at the peer's path, the protocol's `connectionRefused` is called.
   */
  write(datagram: Uint8Array | string): void;
  /** Sends several chunks as one datagram. */
  writeSequence(pieces: Iterable<Uint8Array | string>): void;
  /** Returns the address to which the port is bound. Its `name` is `""` without a `bindAddress`. */
  getHost(): IUNIXAddress;
  /** Returns the address to which the port is connected. */
  getPeer(): IUNIXAddress;
}

/**
 * A protocol that receives the events of a connected UNIX datagram port.
 *
 * @experimental Requires `--unstable-net` on `DenoReactor`.
 */
export interface IConnectedDatagramProtocol
  extends IDatagramProtocol<IUNIXDatagramConnectedTransport, IUNIXAddress> {
  /** Called when the port could not be connected. The port is closed. */
  connectionFailed(reason: Error): void;
}

/**
 * Options of {@linkcode IReactorUNIXDatagram.listenUNIXDatagram}.
 *
 * @experimental Requires `--unstable-net` on `DenoReactor`.
 */
export interface ListenUNIXDatagramOptions extends DatagramOptions {
  /**
   * The mode of the socket file. Users with write permission may send to the port (unix(7)).
   *
   * @default {0o666}
   */
  mode?: number | undefined;
}

/**
 * Options of {@linkcode IReactorUNIXDatagram.connectUNIXDatagram}.
 *
 * @experimental Requires `--unstable-net` on `DenoReactor`.
 */
export interface ConnectUNIXDatagramOptions extends ListenUNIXDatagramOptions {
  /**
   * The path to which this end is bound. Without it, the port cannot receive datagrams.
   *
   * @default {undefined} The port is not bound to a path.
   */
  bindAddress?: string | undefined;
}

/**
 * UNIX datagram sockets on a reactor. Twisted's `IReactorUNIXDatagram`.
 *
 * `DenoReactor` requires Deno's flag `--unstable-net` for them, and `EpollReactor` does not. A
 * limitation of `DenoReactor` on Deno 2.9.6: while a send waits for a slow receiver, for at most a
 * tenth of a second, the sending port receives nothing. `EpollReactor` does not wait.
 *
 * @experimental Requires `--unstable-net` on `DenoReactor`.
 */
export interface IReactorUNIXDatagram {
  /**
   * Binds a UNIX datagram socket. The port can send when this method returns, and receives while
   * the reactor runs. The socket file is removed when the port stops listening, unless another file
   * has replaced it; Twisted leaves it. A relative path is resolved immediately.
   *
   * @param path The path of the socket file. On Linux, a path that begins with a zero byte is a
   *   name in the abstract namespace, which has no files.
   * @param protocol The protocol that receives the datagrams.
   * @param options The mode and the limits.
   * @throws {CannotListenError} If the path is not available.
   * @throws {UnsupportedError} If `DenoReactor` runs without `--unstable-net`.
   * @throws {RangeError | TypeError} If the path is invalid or an option is out of range.
   */
  listenUNIXDatagram(
    path: string,
    protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
    options?: ListenUNIXDatagramOptions,
  ): IUNIXDatagramTransport;
  /**
   * Creates a UNIX datagram socket that sends to, and receives from, one peer only. If there is no
   * socket at the peer's path, or `bindAddress` is not available, the protocol's `connectionFailed`
   * is called before this method returns.
   *
   * @param path The path of the peer's socket file.
   * @param protocol The protocol that receives the datagrams.
   * @param options The local path, the mode and the limits.
   * @throws {UnsupportedError} If `DenoReactor` runs without `--unstable-net`.
   * @throws {RangeError | TypeError} If a path is invalid or an option is out of range.
   */
  connectUNIXDatagram(
    path: string,
    protocol: IConnectedDatagramProtocol,
    options?: ConnectUNIXDatagramOptions,
  ): IUNIXDatagramConnectedTransport;
}
