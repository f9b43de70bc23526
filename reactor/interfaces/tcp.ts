/**
 * TCP on a reactor.
 *
 * @module
 */

import type { IInternetAddress } from "./address.ts";
import type { IClientFactory, IProtocolFactory } from "./protocol.ts";
import type {
  ConnectStreamOptions,
  IConnector,
  IListeningPort,
  ListenStreamOptions,
} from "./stream.ts";

/**
 * What a TCP connection is asked for beyond what Deno's own sockets can do.
 *
 * Any of it has `node:net` move the bytes in place of them. Measured with echo servers, that takes up to 1.8 times the processor time for a
 * message, two and a half times for a connection that is greeted and closed, and 20 ms once. And there are limits that Deno 2.9.6 sets:
 *
 * - What a server says first leaves half a millisecond later, or 64 turns of a busy program's loop, unless the client says something.
 * - A peer that closes its writing side before it has sent a byte (as `nc -N` without input does) gets no more than the system's buffers take at once;
 *   the connection is lost with EPIPE then.
 * - A port accepts all that comes: what `overflow: "pause"` has wait, waits here, up to `backlog` connections. One more is reset.
 * - A port that runs out of file descriptors notices it, or that some are free again, up to a second later.
 */
export interface TCPSocketOptions {
  /**
   * Whether `abortConnection()` resets the connection, so that the peer sees that it broke (`ECONNRESET`, `ConnectionLost`) and takes
   * nothing cut off for whole. Connections that are aborted by themselves, by a limit of theirs say, are reset too.
   *
   * @default {false}
   */
  resetOnAbort?: boolean | undefined;
  /**
   * Seconds without a byte after which the system probes the peer, an integer from 1 to 32767. `setTcpKeepAlive(true)` without any leaves
   * the system's time, two hours on most.
   *
   * @default {undefined} No probes, until `setTcpKeepAlive(true)`.
   */
  keepAlive?: number | undefined;
}

/** How a TCP port listens. */
export interface ListenTCPOptions extends ListenStreamOptions, TCPSocketOptions {
  /**
   * The local address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string | undefined;
}

/** How a TCP connection is opened. */
export interface ConnectTCPOptions extends ConnectStreamOptions, TCPSocketOptions {
  /**
   * The local address to connect from: a numeric address, or one and a port. As {@linkcode TCPSocketOptions} it has `node:net` connect.
   * It needs permission for that end, too: `--allow-net=example.org:80,192.0.2.7:0`.
   *
   * @default {undefined} The system chooses.
   */
  bindAddress?: string | readonly [host: string, port: number] | undefined;
}

/** TCP on a reactor. Twisted's `IReactorTCP`. */
export interface IReactorTCP {
  /**
   * Listens on a TCP port. The port is bound when this returns; connections are accepted while the reactor runs.
   *
   * When no file descriptor is left, the port pauses and tries again every 100 ms, and the log has one line when that begins and one when
   * it is over. Clients wait in the backlog. With `--allow-read=/dev/null` the port keeps a spare descriptor, as Twisted does, and turns away
   * clients that have waited for a second; Twisted turns all away at once.
   *
   * @param port The port number; 0 lets the system choose one.
   * @throws {CannotListenError} when the address cannot be had.
   * @throws {RangeError} when the port or an option is out of range.
   */
  listenTCP(
    port: number,
    factory: IProtocolFactory,
    options?: ListenTCPOptions,
  ): IListeningPort<IInternetAddress>;
  /**
   * Connects to a TCP port. The attempt begins when the reactor runs.
   *
   * @param host A name or an address. A name's addresses race (RFC 8305); they are found by the resolver that was installed, if one was.
   * @param port The port number. Twisted also takes a service's name, `"http"`, which Deno cannot look up.
   * @throws {RangeError} when the port or an option is out of range.
   */
  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTCPOptions,
  ): IConnector<IInternetAddress>;
}
