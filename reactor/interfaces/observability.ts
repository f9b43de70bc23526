/**
 * What a reactor reports about itself: open resources and counters.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConnector, RefusalReason, RefusalStats } from "./stream.ts";
import type { ITransport } from "./transport.ts";

/** Options of {@linkcode IReactorObservability.describe}. */
export interface DescribeOptions {
  /**
   * The number of open resources, and of pending timed calls, that are listed one by one. The text
   * has the number of the others.
   *
   * @default {100}
   */
  limit?: number | undefined;
}

/** Durations, all since the reactor was created. */
export interface DurationStats {
  /** The number of durations. */
  readonly count: number;
  /** The sum of the durations, in seconds. */
  readonly total: number;
  /** The greatest duration, in seconds. */
  readonly maximum: number;
  /**
   * The numbers of durations up to each limit, in ascending order of the limits, as in a histogram
   * of Prometheus. Durations above the last limit count only in {@linkcode count}.
   */
  readonly buckets: readonly DurationBucket[];
}

/** The number of durations up to a limit. */
export interface DurationBucket {
  /** The limit, in seconds. */
  readonly limit: number;
  /** The number of durations of at most {@linkcode limit}. */
  readonly count: number;
}

/** Counters of a reactor. All of them start at 0 when the reactor is created. */
export interface ReactorStats {
  /** Ports, connections, connection attempts, processes and thread pools that are open now. */
  readonly openResources: number;
  /** Connections that are open now, including the pipes of child processes. */
  readonly openConnections: number;
  /** Connections that have been opened so far. */
  readonly connections: number;
  /** Bytes that connections have received so far. Under TLS, the decrypted bytes. */
  readonly bytesReceived: number;
  /** Bytes that the system has accepted so far. Under TLS, the bytes before encryption. */
  readonly bytesSent: number;
  /** Bytes that wait in the write buffers of connections now. */
  readonly bytesUnsent: number;
  /** Connection attempts that are pending now, including their TLS handshakes. */
  readonly pendingConnects: number;
  /** Connection attempts that have failed so far. */
  readonly failedConnects: number;
  /** Connections that ports have refused so far, by reason. */
  readonly refusals: RefusalStats;
  /** TLS handshakes of ports that have failed so far. */
  readonly failedHandshakes: number;
  /** Attempts of ports to accept that have failed so far, for example for lack of descriptors. */
  readonly failedAccepts: number;
  /** Timed calls that are pending now. */
  readonly pendingCalls: number;
  /** Timed calls that have been made so far. */
  readonly callsMade: number;
  /** Tasks that wait for a thread of the reactor's pool now. */
  readonly pendingThreadCalls: number;
  /**
   * How long the turns of the loop have taken. A turn makes the timed calls that are due and the
   * calls of `callFromThread`. A turn in which there are none is not counted.
   */
  readonly turnTime: DurationStats;
  /**
   * How late the turns were: the time from the moment at which the earliest call of a turn was due
   * to the start of that turn. For a call that was due before `run()`, the time begins with
   * `run()`. Whatever keeps the loop busy makes the next turn late, for example a protocol's
   * method.
   */
  readonly lateness: DurationStats;
}

/** A connection that an {@linkcode IReactorObserver} observes. */
export interface ObservedConnection
  extends Pick<ITransport, "getPeer" | "getHost" | "stats" | "secure" | "negotiatedProtocol"> {
  /**
   * `"server"` if a port has accepted the connection, `"client"` if a connector has opened it;
   * `undefined` for adopted connections and the pipes of child processes.
   */
  readonly role: "client" | "server" | undefined;
}

/**
 * Receives the events of a reactor, for metrics and traces. All methods are optional.
 *
 * A method is called in the middle of the reactor's own work, so it should only record. It must not
 * close what it observes. An error that it throws, or with which its promise rejects, is logged and
 * has no other effect.
 */
export interface IReactorObserver {
  /**
   * Called when a connector starts to connect, within `connect()`.
   *
   * @param connector The connector. It has one attempt at a time.
   */
  connectStarted?(connector: IConnector): void;
  /**
   * Called when the attempt of a connector has succeeded, before its protocol is built.
   *
   * @param connector The connector.
   * @param peer The address of the peer. The destination of the connector may be a host name
   *   instead.
   */
  connectSucceeded?(connector: IConnector, peer: Address): void;
  /**
   * Called when the attempt of a connector has failed, before its factory is notified.
   *
   * @param connector The connector.
   * @param reason The error that `clientConnectionFailed` receives.
   */
  connectFailed?(connector: IConnector, reason: Error): void;
  /**
   * Called when a connection has opened, before its protocol is connected. On a TLS port, the
   * handshake has completed.
   *
   * @param connection The connection.
   * @param age Seconds since the connection was accepted, which its handshake has taken; 0 without
   *   a handshake.
   */
  connectionOpened?(connection: ObservedConnection, age: number): void;
  /**
   * Called when a connection is lost, after `connectionLost` of its protocol.
   *
   * @param connection The connection.
   * @param reason The reason that `connectionLost` received.
   */
  connectionClosed?(connection: ObservedConnection, reason: Error): void;
  /**
   * Called when a port has refused a connection.
   *
   * @param peer The address of the peer; `null` if it is unknown, for lack of descriptors.
   * @param host The address of the port.
   * @param reason The reason.
   */
  connectionRefused?(peer: Address | null, host: Address, reason: RefusalReason): void;
  /**
   * Called when the TLS handshake of an accepted connection has failed.
   *
   * @param peer The address of the peer.
   * @param host The address of the port.
   * @param age Seconds since the connection was accepted.
   * @param reason The error of the handshake.
   */
  handshakeFailed?(peer: Address, host: Address, age: number, reason: Error): void;
  /**
   * Called when a turn of the loop has ended.
   *
   * @param seconds The time that the turn has taken.
   * @param lateness Seconds between the moment at which its earliest timed call was due and the
   *   start of the turn; `null` if no timed call was due.
   */
  turnEnded?(seconds: number, lateness: number | null): void;
}

/** What a reactor reports about itself. Twisted has no equivalent. */
export interface IReactorObservability {
  /**
   * Describes what is open and who made it: ports with their counters, connections with their
   * protocols, connection attempts, processes, datagram ports, the thread pool and the pending
   * timed calls. While `setDebugging(true)` is in effect, the text also has the call stacks at
   * which ports and timed calls were made.
   *
   * The text has names, addresses and numbers. It has no data of connections, no arguments of
   * calls or processes, and no certificates or keys.
   *
   * @returns Several lines of text. The format may change in any version.
   * @throws {RangeError} If the limit is not a whole number of at least 0.
   *
   * @example
   * ```ts
   * import { DenoReactor } from "@torsion/reactor";
   *
   * const reactor = new DenoReactor();
   * reactor.callLater(4, function ring() {});
   * console.log(reactor.describe());
   * // The reactor is not running.
   * // Open resources: 0
   * // Pending timed calls: 1
   * //   DelayedCall(ring in 4.000 s)
   * ```
   */
  describe(options?: DescribeOptions): string;
  /**
   * Returns the counters of the reactor, for metrics and alerts. Counting is always on. This method
   * takes time in proportion to the number of open resources.
   *
   * @example
   * ```ts
   * import { DenoReactor } from "@torsion/reactor";
   *
   * const reactor = new DenoReactor();
   * reactor.callLater(4, function ring() {});
   * console.log(reactor.stats().pendingCalls); // 1
   * ```
   */
  stats(): ReactorStats;
  /**
   * Notifies an observer of connections, connection attempts, refusals and turns of the loop from
   * now on. Without an observer, each event costs one comparison.
   *
   * @param observer The observer.
   * @returns An object that removes the observer when it is disposed of. The observer is not called
   *   again, even if another observer disposes of it while both are being notified.
   * @throws {TypeError} If the observer is not an object.
   *
   * @example Log each refused connection with its reason
   * ```ts
   * import { DenoReactor, log } from "@torsion/reactor";
   *
   * const reactor = new DenoReactor();
   * using _watching = reactor.observe({
   *   connectionRefused: (peer, host, reason) => log.msg(`${peer} refused on ${host}: ${reason}`),
   * });
   * ```
   */
  observe(observer: IReactorObserver): Disposable;
}
