/**
 * Keep-alive probes of a simulated connection (RFC 9293 section 3.8.4), with the times of Linux.
 *
 * @module
 */

import { type Schedule, type ScheduledEvent, SECOND } from "./schedule.ts";

/** Seconds without a segment from the peer before the first probe, unless the program sets them. */
export const DEFAULT_IDLE = 7200;
/** The time between two probes without an answer, in microseconds. */
const INTERVAL = 75 * SECOND;
/** The number of probes without an answer after which the connection is lost. */
const MOST_PROBES = 9;

/** The part of a connection that its probes use. */
export interface ProbedConnection {
  /** Whether the connection waits for the answer to other segments, which serve as probes. */
  readonly isTroubled: boolean;
  /** Whether the host of this end has crashed. */
  readonly isOver: boolean;
  /** Sends a probe. */
  probe(): void;
  /** Called when no probe was answered. */
  probesFailed(): void;
}

/** Sends probes while the peer is silent. */
export class KeepAlive {
  readonly #schedule: Schedule;
  readonly #connection: ProbedConnection;
  readonly #idle: number;
  #heardAt: number;
  #unanswered = 0;
  #event: ScheduledEvent | null = null;

  /**
   * @param schedule The virtual time.
   * @param connection The connection.
   * @param idle Seconds without a segment from the peer before the first probe.
   */
  constructor(schedule: Schedule, connection: ProbedConnection, idle: number) {
    this.#schedule = schedule;
    this.#connection = connection;
    this.#idle = idle * SECOND;
    this.#heardAt = schedule.now;
    this.#wait(this.#idle);
  }

  /** Called when a segment or an answer of the peer has arrived. */
  heard(): void {
    this.#heardAt = this.#schedule.now;
    if (this.#unanswered === 0) return;
    this.#unanswered = 0;
    this.stop();
    this.#wait(this.#idle);
  }

  /** Sends no more probes. */
  stop(): void {
    if (this.#event !== null) this.#schedule.cancel(this.#event);
    this.#event = null;
  }

  #wait(time: number): void {
    this.#event = this.#schedule.at(this.#schedule.now + time, () => this.#due());
  }

  #due(): void {
    this.#event = null;
    if (this.#connection.isOver) return;
    const rest = this.#heardAt + this.#idle - this.#schedule.now;
    if (rest > 0) return this.#wait(rest);
    if (this.#connection.isTroubled) return this.#wait(this.#idle);
    if (this.#unanswered === MOST_PROBES) return this.#connection.probesFailed();
    this.#unanswered++;
    this.#connection.probe();
    this.#wait(INTERVAL);
  }
}
