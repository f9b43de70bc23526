/**
 * UNIX datagrams on a reactor.
 *
 * @module
 */

import type { IUNIXAddress } from "./address.ts";
import type { DatagramOptions, IDatagramProtocol, IDatagramTransport } from "./datagram.ts";

/**
 * A UNIX datagram port, as its protocol sees it. Twisted's `IUNIXDatagramTransport`.
 *
 * @experimental Needs `--unstable-net` on Deno.
 */
export interface IUNIXDatagramTransport extends IDatagramTransport {
  /**
   * Sends one datagram: bytes, or a string as UTF-8. Never blocks; the bytes may be changed when this returns.
   *
   * A receiver that does not read has its datagrams dropped, as in Twisted; that is logged. So is what else cannot be sent. Writing to a
   * port that is closed does nothing.
   *
   * @param datagram The datagram. It may be empty.
   * @param addr Where to: an address that `datagramReceived` got, or a path.
   * @throws {RangeError | TypeError} when the path is no path.
   */
  write(datagram: Uint8Array | string, addr: IUNIXAddress | string): void;
  /** Sends pieces as one datagram. */
  writeSequence(pieces: Iterable<Uint8Array | string>, addr: IUNIXAddress | string): void;
  /** Where it is bound. */
  getHost(): IUNIXAddress;
}

/**
 * A UNIX datagram port that is connected, as its protocol sees it. Twisted's `IUNIXDatagramConnectedTransport`.
 *
 * @experimental Needs `--unstable-net` on Deno.
 */
export interface IUNIXDatagramConnectedTransport extends IDatagramTransport {
  /**
   * Sends one datagram to the peer; else as {@linkcode IUNIXDatagramTransport.write}. When nobody listens there, the protocol's
   * `connectionRefused` is called.
   */
  write(datagram: Uint8Array | string): void;
  /** Sends pieces as one datagram. */
  writeSequence(pieces: Iterable<Uint8Array | string>): void;
  /** Where it is bound; without a `bindAddress`, nowhere. */
  getHost(): IUNIXAddress;
  /** Where it sends to. */
  getPeer(): IUNIXAddress;
}

/**
 * What happens on a connected UNIX datagram port.
 *
 * @experimental Needs `--unstable-net` on Deno.
 */
export interface IConnectedDatagramProtocol
  extends IDatagramProtocol<IUNIXDatagramConnectedTransport, IUNIXAddress> {
  /** The port could not be connected, and is closed. */
  connectionFailed(reason: Error): void;
}

/**
 * How a UNIX datagram port listens.
 *
 * @experimental Needs `--unstable-net` on Deno.
 */
export interface ListenUNIXDatagramOptions extends DatagramOptions {
  /**
   * The mode of the socket's file: who may send to it. Whoever may write to the file may (unix(7)).
   *
   * @default {0o666}
   */
  mode?: number | undefined;
}

/**
 * How a UNIX datagram port is connected.
 *
 * @experimental Needs `--unstable-net` on Deno.
 */
export interface ConnectUNIXDatagramOptions extends ListenUNIXDatagramOptions {
  /** A path for this end. Without one it cannot be sent to, and so receives nothing. */
  bindAddress?: string | undefined;
}

/**
 * UNIX datagrams on a reactor. Twisted's `IReactorUNIXDatagram`.
 *
 * On `DenoReactor` they need Deno's flag `--unstable-net`, and are as good as Deno 2.9.6 lets them be: a receiver that is slow makes its
 * sender deaf for as long.
 *
 * @experimental Needs `--unstable-net` on Deno.
 */
export interface IReactorUNIXDatagram {
  /**
   * Binds a UNIX datagram socket. It is bound when this returns, and may send; it receives while the reactor runs. Its file is removed when the
   * port stops listening: Twisted leaves it, and with it a path that cannot be bound again. A file that has taken its path stays. A
   * relative path is resolved now.
   *
   * @param path Where its file is to be; on Linux, with a zero byte in front, a name in the abstract namespace, which has no files.
   * @throws {CannotListenError} when the path cannot be had.
   * @throws {UnsupportedError} when Deno runs without `--unstable-net`.
   * @throws {RangeError | TypeError} when the path is no path or an option is out of range.
   */
  listenUNIXDatagram(
    path: string,
    protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
    options?: ListenUNIXDatagramOptions,
  ): IUNIXDatagramTransport;
  /**
   * Connects a UNIX datagram socket to another: it sends to that one only, and receives from nobody else. If nothing is at the path, or the
   * `bindAddress` cannot be had, the protocol's `connectionFailed` is called before this returns.
   *
   * @param path Where to send.
   * @throws {UnsupportedError} when Deno runs without `--unstable-net`.
   * @throws {RangeError | TypeError} when a path is no path or an option is out of range.
   */
  connectUNIXDatagram(
    path: string,
    protocol: IConnectedDatagramProtocol,
    options?: ConnectUNIXDatagramOptions,
  ): IUNIXDatagramConnectedTransport;
}
