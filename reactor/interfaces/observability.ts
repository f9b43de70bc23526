/**
 * What a reactor reports about itself: open resources and counters.
 *
 * @module
 */

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
  /** Bytes that connections have sent so far. Under TLS, the bytes before encryption. */
  readonly bytesSent: number;
  /** Timed calls that are pending now. */
  readonly pendingCalls: number;
  /** Timed calls that have been made so far. */
  readonly callsMade: number;
  /** Turns of the loop in which timed calls were due. */
  readonly turns: number;
  /**
   * The greatest lateness so far, in seconds: the time between the moment at which the earliest
   * call of a turn was due, or of `run()` if that was later, and the start of that turn. A callback
   * that keeps the loop busy makes the next turn late.
   */
  readonly maxLateness: number;
  /** The mean lateness of all turns, in seconds. */
  readonly meanLateness: number;
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
}
