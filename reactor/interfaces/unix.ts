/**
 * UNIX stream sockets on a reactor.
 *
 * @module
 */

import type { IUNIXAddress } from "./address.ts";
import type { IClientFactory, IProtocolFactory } from "./protocol.ts";
import type {
  ConnectStreamOptions,
  IConnector,
  IListeningPort,
  ListenStreamOptions,
} from "./stream.ts";

/** How a UNIX socket listens. There are no hosts to count connections by. */
export interface ListenUNIXOptions extends Omit<ListenStreamOptions, "maxConnectionsPerHost"> {
  /**
   * Connections that may wait to be accepted. A hint: Deno takes no number for UNIX sockets, and has 1024 of them wait.
   *
   * @default {511}
   */
  backlog?: number | undefined;
  /**
   * The mode of the socket's file: who may connect. Whoever may write to the file may (unix(7)). At no time may anybody else.
   *
   * @default {0o666}
   */
  mode?: number | undefined;
  /**
   * Whether the port holds a lock as long as it listens: a symbolic link `<path>.lock` to the process's number, as Twisted makes it.
   * What a process has left that is gone is taken over.
   *
   * @default {false}
   */
  wantPID?: boolean | undefined;
}

/** How a connection to a UNIX socket is opened. */
export interface ConnectUNIXOptions extends ConnectStreamOptions {
  /**
   * Whether to connect only if a server that listens with `wantPID` holds its lock; else the attempt fails with a `BadFileError`.
   *
   * @default {false}
   */
  checkPID?: boolean | undefined;
}

/** UNIX stream sockets on a reactor. Twisted's `IReactorUNIX`. */
export interface IReactorUNIX {
  /**
   * Listens on a UNIX socket. It is bound when this returns; connections are accepted while the reactor runs. Its file is removed when
   * the port stops listening; a file that has taken its path stays. A relative path is resolved now.
   *
   * A socket's file that a server left behind is in nobody's way: if a connection to it is refused, it is removed. In Twisted only
   * `wantPID` does so, and whoever restarts after a crash without it cannot listen. What is no socket is never removed.
   *
   * @param path Where its file is to be; on Linux, with a zero byte in front, a name in the abstract namespace, which has no files.
   * @throws {CannotListenError} when the path cannot be had: `EADDRINUSE` for one that somebody listens on or that is no socket,
   *   `ENAMETOOLONG`, `ENOENT` for a folder that is not there.
   * @throws {RangeError | TypeError} when the path is no path or an option is out of range.
   */
  listenUNIX(
    path: string,
    factory: IProtocolFactory,
    options?: ListenUNIXOptions,
  ): IListeningPort<IUNIXAddress>;
  /**
   * Connects to a UNIX socket. The attempt begins when the reactor runs. While the server's queue is full, it waits.
   *
   * @param path Where the socket's file is; or an abstract name, as with {@linkcode listenUNIX}.
   * @throws {RangeError | TypeError} when the path is no path or an option is out of range.
   */
  connectUNIX(
    path: string,
    factory: IClientFactory,
    options?: ConnectUNIXOptions,
  ): IConnector<IUNIXAddress>;
}
