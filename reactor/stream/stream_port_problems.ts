/**
 * Problems that the peers of a port can cause at will: counted, and logged without filling the log.
 *
 * @module
 */

import { messageOf } from "../../internal/foreign_value.ts";
import { msg } from "../../log/mod.ts";
import type { Address, IReactorTime, StreamPortStats } from "../interfaces/mod.ts";
import { alike, LogThrottle } from "../lifecycle/log_throttle.ts";

// The number of failures of user code that are logged with their stack in an interval. It is more
// than one, because the first failures may have different causes.
const USER_ERRORS = 10;

/** Counts and logs the problems of one port. */
export class StreamPortProblems {
  readonly #refusals: LogThrottle;
  readonly #handshakes: LogThrottle;
  readonly #pauses: LogThrottle;
  readonly #userErrors: LogThrottle;
  /** The number of failed handshakes that were reported to the factory. */
  #reported = 0;
  #turnedAway = 0;
  #failedAccepts = 0;

  /** @param clock The clock of the reactor. */
  constructor(clock: Pick<IReactorTime, "seconds" | "callLater">) {
    this.#refusals = new LogThrottle(clock);
    this.#handshakes = new LogThrottle(clock);
    this.#pauses = new LogThrottle(clock);
    this.#userErrors = new LogThrottle(clock, USER_ERRORS);
  }

  /** Logs and counts a refused connection. */
  refused(peer: Address, why: string): void {
    this.#refusals.add((count) => {
      msg(`Refused a connection from ${peer}: ${why}${alike(count)}`, { count });
    });
  }

  /** Logs that the port has stopped accepting, because too many handshakes are in progress. */
  pausedByHandshakes(address: Address | null, limit: number): void {
    this.#pauses.add(() => {
      msg(`Paused accepting connections on ${address}: the handshake limit of ${limit} is reached`);
    });
  }

  /**
   * Logs an error of a protocol or of `buildProtocol`, rate-limited because a peer may cause it
   * repeatedly.
   */
  userError(log: (count: number) => void): void {
    this.#userErrors.add(log);
  }

  /** Logs and counts a failed handshake, because the factory has no `handshakeFailed`. */
  handshakeFailed(reason: Error): void {
    this.#handshakes.add((count) => msg(`${messageOf(reason)}${alike(count)}`, { reason, count }));
  }

  /** Counts a failed handshake that was reported to the factory. */
  handshakeReported(): void {
    this.#reported++;
  }

  /**
   * Counts a connection that was turned away for lack of file descriptors. The port logs the
   * number.
   */
  turnedAway(): void {
    this.#turnedAway++;
  }

  /** Counts a system call to accept a connection that failed. */
  acceptFailed(): void {
    this.#failedAccepts++;
  }

  /** Logs the counts that have not been logged yet, because the port closes. */
  flush(): void {
    this.#refusals.flush();
    this.#handshakes.flush();
    this.#pauses.flush();
    this.#userErrors.flush();
  }

  /**
   * Returns the counts.
   *
   * @param accepted The number of accepted connections.
   */
  stats(accepted: number): StreamPortStats {
    return {
      accepted,
      refused: this.#refusals.count + this.#turnedAway,
      failedHandshakes: this.#handshakes.count + this.#reported,
      failedAccepts: this.#failedAccepts,
    };
  }
}
