/**
 * Listening ports and connectors for streams, and the limits and timeouts of their connections.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { Address } from "./address.ts";
import type { IReactorTime } from "./time.ts";

/**
 * A listening port. Twisted's `IListeningPort`.
 *
 * @typeParam A The type of the port's address.
 */
export interface IListeningPort<A extends Address = Address> extends AsyncDisposable {
  /**
   * Listens again after {@linkcode stopListening}.
   *
   * @throws {CannotListenError} If the address is not available.
   */
  startListening(): void;
  /**
   * Stops accepting connections. Open connections stay open.
   *
   * @returns A Deferred that fires when the address is free again.
   */
  stopListening(): Deferred<void>;
  /**
   * Returns the address on which the port listens. If it was created with port 0, the address has
   * the port number that the system chose.
   */
  getHost(): A;
  /**
   * Returns the number of the file descriptor, for `sendFileDescriptor` and for functions of the C
   * library. Twisted's ports have the same method.
   *
   * @returns The number; -1 if the port is closed, or if the reactor does not have the descriptor,
   *   as on `DenoReactor`.
   */
  fileno?(): number;
  /**
   * Stops accepting connections and waits until the open ones have closed: the first half of a
   * graceful shutdown.
   *
   * Calls `drainRequested` on each open connection whose protocol is an
   * {@linkcode IDrainableProtocol}. At the deadline, the remaining connections are aborted with
   * `DrainTimeout`. Twisted has no equivalent.
   *
   * @param seconds The deadline in seconds from now. Infinity sets no deadline.
   * @returns A Deferred that fires with the number of aborted connections, when all connections are
   *   closed and the address is free. Cancelling it ends the wait and removes the deadline; open
   *   connections stay open.
   *
   * @example Complete pending requests for up to 30 seconds; a second signal aborts the wait
   * ```ts no-eval
   * import { Factory, Protocol, reactor } from "@torsion/reactor";
   *
   * const port = reactor.listenTCP(2000, Factory.forProtocol(Protocol));
   * reactor.addSystemEventTrigger("before", "shutdown", () => port.drain(30));
   * await reactor.run();
   * ```
   */
  drain(seconds: number): Deferred<number>;
  /**
   * Counters of connections and failures since the port was created, for metrics and alerts. The
   * log has the first event of each kind, and a summary with a count at most once a second. Twisted
   * has no equivalent.
   */
  readonly stats: StreamPortStats;
  /** Does the same as {@linkcode stopListening}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Counters of a listening port. All of them start at 0 when the port is created. */
export interface StreamPortStats {
  /** Accepted connections, including those that were then refused or failed in their handshake. */
  readonly accepted: number;
  /** Connections that were refused: the sum of {@linkcode refusals}. */
  readonly refused: number;
  /** Connections that were refused, by reason. */
  readonly refusals: RefusalStats;
  /** TLS handshakes that failed. */
  readonly failedHandshakes: number;
  /** Attempts to accept that failed in the system, for example for lack of file descriptors. */
  readonly failedAccepts: number;
}

/**
 * Why a port has refused a connection: the name of the option whose limit was reached, `backlog` if
 * too many accepted connections were waiting for the port, `descriptors` if the process had no file
 * descriptor left, or `factory` if `buildProtocol` returned `null` or threw an error.
 */
export type RefusalReason =
  | "maxConnections"
  | "maxConnectionsPerHost"
  | "maxHandshakes"
  | "connectionRate"
  | "connectionRatePerHost"
  | "backlog"
  | "descriptors"
  | "factory";

/** Refused connections, by reason. */
export type RefusalStats = Readonly<Record<RefusalReason, number>>;

/** The state of a connector. */
export type ConnectorState = "disconnected" | "connecting" | "connected";

/**
 * A connector: it opens an outgoing connection and can open it again. Twisted's `IConnector`.
 *
 * @typeParam A The type of the destination address.
 */
export interface IConnector<A extends Address = Address> {
  /** The current state. */
  readonly state: ConnectorState;
  /** The clock of the reactor to which the connector belongs. Twisted's attribute `reactor`. */
  readonly clock?: IReactorTime | undefined;
  /**
   * Connects again.
   *
   * @throws {Error} If the connector is connecting or connected.
   */
  connect(): void;
  /** Cancels the connection attempt, or closes the connection after flushing pending writes. */
  disconnect(): void;
  /**
   * Cancels the connection attempt. The factory's `clientConnectionFailed` is called with a
   * `UserError`.
   *
   * @throws {NotConnectingError} If the connector is not connecting.
   */
  stopConnecting(): void;
  /** Returns the address to which the connector connects. */
  getDestination(): A;
}

/** Limits and timeouts of one connection. */
export interface ConnectionOptions {
  /**
   * The size of the write buffer, in bytes, above which a push producer is paused.
   *
   * @default {65536}
   */
  writeBufferHighWater?: number | undefined;
  /**
   * The largest size of the write buffer, in bytes. A write that would exceed it aborts the
   * connection with `WriteBufferExceeded`. A single write into an empty buffer may be larger.
   *
   * @default {67108864}
   */
  writeBufferLimit?: number | undefined;
  /**
   * Seconds without progress after which a closing connection with unsent data is aborted. The time
   * starts again whenever the peer accepts data.
   *
   * @default {60}
   */
  linger?: number | undefined;
  /**
   * Seconds without a byte in either direction after which the connection is aborted with
   * `ConnectionTimeout`. While the protocol has paused the connection, no bytes are received.
   *
   * @default {Infinity}
   */
  idleTimeout?: number | undefined;
  /**
   * Seconds after which the connection is aborted with `ConnectionTimeout` if there is unsent data
   * and the system accepts none of it, because the peer does not read. A slow peer does not trigger
   * the timeout: the time starts again whenever the system accepts data.
   *
   * @default {Infinity}
   */
  writeStallTimeout?: number | undefined;
  /**
   * Seconds after which the connection is aborted with `ConnectionTimeout`, counted from when it
   * was made.
   *
   * @default {Infinity}
   */
  maxConnectionAge?: number | undefined;
}

/** Options of a listening port for streams of any kind. */
export interface ListenStreamOptions extends ConnectionOptions {
  /**
   * The number of connections that may wait to be accepted.
   *
   * @default {511}
   */
  backlog?: number | undefined;
  /**
   * The number of connections that may be open at the same time.
   *
   * @default {Infinity}
   */
  maxConnections?: number | undefined;
  /**
   * The number of connections from one host that may be open at the same time. A further connection
   * is closed immediately, even if {@linkcode overflow} is `"pause"`: pausing would let one host
   * shut out all other hosts.
   *
   * @default {Infinity}
   */
  maxConnectionsPerHost?: number | undefined;
  /**
   * The number of new connections per second, on average. After a quiet time, the connections of
   * one second may come at once. Beyond that, {@linkcode overflow} applies.
   *
   * @default {Infinity}
   */
  connectionRate?: number | undefined;
  /**
   * The number of new connections per second from one host, on average. A further connection is
   * closed immediately, even if {@linkcode overflow} is `"pause"`. A number under 1 is possible:
   * 0.1 is one connection in ten seconds.
   *
   * @default {Infinity}
   */
  connectionRatePerHost?: number | undefined;
  /**
   * The behavior when {@linkcode maxConnections} or {@linkcode connectionRate} is reached:
   * `"pause"` stops accepting, so that new connections wait in the backlog; `"refuse"` closes new
   * connections immediately.
   *
   * @default {"pause"}
   */
  overflow?: "pause" | "refuse" | undefined;
}

/** Options of an outgoing connection of any kind. */
export interface ConnectStreamOptions extends ConnectionOptions {
  /**
   * Seconds after which a pending connection attempt fails with a `ConnectTimeoutError`.
   *
   * @default {30}
   */
  timeout?: number | undefined;
  /**
   * A signal that cancels the connection attempt when it aborts. It has no effect on a connection
   * that has been made.
   *
   * The attempt fails with `ConnectTimeoutError` if the signal comes from `AbortSignal.timeout()`,
   * and otherwise with `ConnectingCancelledError`.
   */
  signal?: AbortSignal | undefined;
}
