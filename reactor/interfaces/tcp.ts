/**
 * TCP servers and clients.
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
 * Socket options that Deno's own TCP sockets do not support. `EpollReactor` supports them without
 * the consequences below, and always resets a connection that is aborted.
 *
 * On `DenoReactor`, if any of them is set, `node:net` moves the bytes instead of Deno's own
 * sockets. Measured with echo servers, that takes up to 1.8 times the processor time per message,
 * 2.5 times per connection that is greeted and closed, and 20 ms once. Deno 2.9.6 also has these
 * limitations then:
 *
 * - The first write of a server leaves the process after half a millisecond, or after 64 turns of
 *   the loop of a busy program, unless the client sends data earlier.
 * - A peer that closes its writing side before it has sent a byte, as `nc -N` does without input,
 *   receives only as much as the system's buffers accept at once. Then the connection is lost with
 *   EPIPE.
 * - A port accepts every connection. With `overflow: "pause"`, up to `backlog` accepted connections
 *   wait in this process, and a further connection is reset.
 * - A port detects up to a second late that the process has run out of file descriptors, and that
 *   descriptors are free again.
 */
export interface TCPSocketOptions {
  /**
   * Whether `abortConnection()` resets the connection. The peer then gets an error (`ECONNRESET`,
   * `ConnectionLost`) and does not mistake truncated data for complete data. Connections that a
   * limit or a timeout aborts are reset too.
   *
   * @default {false}
   */
  resetOnAbort?: boolean | undefined;
  /**
   * Seconds without a byte after which the system sends keep-alive probes to the peer: an integer
   * from 1 to 32767.
   *
   * @default {undefined} The system sends no probes unless `setTcpKeepAlive(true)` is called; their
   *   idle time is then that of the system, two hours on most systems.
   */
  keepAlive?: number | undefined;
}

/** Options of {@linkcode IReactorTCP.listenTCP}. */
export interface ListenTCPOptions extends ListenStreamOptions, TCPSocketOptions {
  /**
   * The local IP address on which to listen, or a host name that stands for one, such as
   * `"localhost"`. The system looks up the name at once, which may take time, and its first address
   * is used.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string | undefined;
}

/** Options of {@linkcode IReactorTCP.connectTCP}. */
export interface ConnectTCPOptions extends ConnectStreamOptions, TCPSocketOptions {
  /**
   * The local end of the connection: an IP address, or an IP address and a port. With this option
   * `node:net` opens the connection; see {@linkcode TCPSocketOptions} for the consequences. Deno
   * requires network permission for both ends: `--allow-net=example.org:80,192.0.2.7:0`.
   *
   * @default {undefined} The system chooses the local address.
   */
  bindAddress?: string | readonly [host: string, port: number] | undefined;
}

/** TCP on a reactor. Twisted's `IReactorTCP`. */
export interface IReactorTCP {
  /**
   * Listens on a TCP port. The port is bound when this method returns, and accepts connections
   * while the reactor runs.
   *
   * If the process runs out of file descriptors, the port pauses and tries again every 100 ms, and
   * clients wait in the backlog. The log has one line when this starts and one when it is over.
   * With `--allow-read=/dev/null`, the port keeps a spare descriptor, as Twisted does, and uses it
   * to close the connections of clients that have waited for a second. Twisted closes them
   * immediately.
   *
   * @param port The port number; 0 lets the system choose one.
   * @param factory The factory that creates a protocol for each connection.
   * @param options The interface, limits and timeouts.
   * @throws {CannotListenError} If the address is not available.
   * @throws {RangeError} If the port or an option is out of range.
   */
  listenTCP(
    port: number,
    factory: IProtocolFactory,
    options?: ListenTCPOptions,
  ): IListeningPort<IInternetAddress>;
  /**
   * Connects to a TCP port. The attempt begins as soon as the reactor runs.
   *
   * @param host A host name or an IP address. The addresses of a name are tried in parallel (RFC
   *   8305). The installed name resolver looks them up.
   * @param port The port number. Twisted also accepts the name of a service, such as `"http"`,
   *   which Deno cannot look up.
   * @param factory The factory that receives the result of the attempt and creates the protocol.
   * @param options Limits and timeouts.
   * @returns A connector, which can cancel the attempt and connect again.
   * @throws {RangeError} If the port or an option is out of range.
   */
  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTCPOptions,
  ): IConnector<IInternetAddress>;
}
