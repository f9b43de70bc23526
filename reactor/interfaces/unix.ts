/**
 * UNIX stream sockets.
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
import type { ITransport } from "./transport.ts";

/**
 * Options of {@linkcode IReactorUNIX.listenUNIX}. UNIX sockets have no hosts, so
 * `maxConnectionsPerHost` and `connectionRatePerHost` are not available.
 */
export interface ListenUNIXOptions
  extends Omit<ListenStreamOptions, "maxConnectionsPerHost" | "connectionRatePerHost"> {
  /**
   * The number of connections that may wait to be accepted. The value has no effect on Deno's own
   * sockets: there the number is always 1024.
   *
   * @default {511}
   */
  backlog?: number | undefined;
  /**
   * The mode of the socket file. Users with write permission may connect (unix(7)). The mode is in
   * effect from the moment at which the file exists.
   *
   * @default {0o666}
   */
  mode?: number | undefined;
  /**
   * Whether the port holds a lock while it listens: a symbolic link `<path>.lock` whose target is
   * the process id, as in Twisted. A lock that an exited process has left is replaced.
   *
   * @default {false}
   */
  wantPID?: boolean | undefined;
}

/** Options of {@linkcode IReactorUNIX.connectUNIX}. */
export interface ConnectUNIXOptions extends ConnectStreamOptions {
  /**
   * Whether to connect only if a server that listens with `wantPID` holds the lock of the path. If
   * no server holds it, the attempt fails with a `BadFileError`.
   *
   * @default {false}
   */
  checkPID?: boolean | undefined;
}

/** UNIX stream sockets on a reactor. Twisted's `IReactorUNIX`. */
export interface IReactorUNIX {
  /**
   * Listens on a UNIX socket. The socket is bound when this method returns, and accepts connections
   * while the reactor runs. The socket file is removed when the port stops listening, unless
   * another file has replaced it. A relative path is resolved immediately.
   *
   * A socket file that a crashed server has left is removed first, if a connection to it is
   * refused. Twisted does that only with `wantPID`. A file of another type is never removed.
   *
   * @param path The path of the socket file. On Linux, a path that begins with a zero byte is a
   *   name in the abstract namespace, which has no files.
   * @param factory The factory that creates a protocol for each connection.
   * @param options The mode, the lock, limits and timeouts.
   * @throws {CannotListenError} If the path is not available. The code is `EADDRINUSE` if a server
   *   listens on the path or a file of another type exists there, `ENAMETOOLONG` if the path is too
   *   long, and `ENOENT` if the directory does not exist.
   * @throws {RangeError | TypeError} If the path is invalid or an option is out of range.
   */
  listenUNIX(
    path: string,
    factory: IProtocolFactory,
    options?: ListenUNIXOptions,
  ): IListeningPort<IUNIXAddress>;
  /**
   * Connects to a UNIX socket. The attempt begins as soon as the reactor runs. It stays pending
   * while the server's backlog is full.
   *
   * @param path The path of the socket file, or an abstract name as in {@linkcode listenUNIX}.
   * @param factory The factory that receives the result of the attempt and creates the protocol.
   * @param options The lock, limits and timeouts.
   * @returns A connector, which can cancel the attempt and connect again.
   * @throws {RangeError | TypeError} If the path is invalid or an option is out of range.
   */
  connectUNIX(
    path: string,
    factory: IClientFactory,
    options?: ConnectUNIXOptions,
  ): IConnector<IUNIXAddress>;
}

/**
 * The process at the other end of a UNIX connection, as the system reports it (`SO_PEERCRED` of
 * unix(7)).
 */
export interface PeerCredentials {
  /**
   * The ID of the process. It is 0 for a process in another namespace of process IDs. When the
   * process has ended, another one may have the same ID.
   */
  readonly pid: number;
  /** The effective user ID of the process when the connection was made. */
  readonly uid: number;
  /** The effective group ID of the process when the connection was made. */
  readonly gid: number;
}

/**
 * The transport of a UNIX connection on a reactor that has its file descriptor, such as
 * `EpollReactor`. Twisted's `IUNIXTransport`. {@linkcode unixTransport} returns it.
 */
export interface IUNIXTransport extends ITransport {
  /**
   * Sends a copy of a file descriptor to the peer, which then has the same open file, socket or
   * pipe. The descriptor is duplicated at once, so the caller may close its own when this method
   * returns. In Twisted, it must stay open until it has been sent.
   *
   * Descriptors are sent in order, each together with one byte that the connection sends, so write
   * at least one byte for each in the same turn. The peer receives a descriptor no later than the
   * bytes that were written after this call; it may receive it before bytes that were written
   * earlier.
   *
   * A registered producer is paused while more than 64 descriptors wait to be sent. Does nothing if
   * the connection is closed.
   *
   * @param fileDescriptor The number of the open file descriptor.
   * @throws {Error} If the descriptor is not open, the process has no descriptor left for the copy,
   *   or the limit `maxQueuedDescriptors` of the reactor is reached.
   * @throws {UnsupportedError} If TLS has started on the connection.
   * @throws {RangeError} If the number is out of range.
   */
  sendFileDescriptor(fileDescriptor: number): void;
  /**
   * Returns the process that connected, or, for a client, the process that listens. A server can
   * check it before it obeys the client. A connected socket that a process has inherited or
   * received belongs to the process that connected it. Twisted has no equivalent.
   *
   * @returns The IDs of the process; `null` if the connection is closed.
   */
  getPeerCredentials(): PeerCredentials | null;
}
