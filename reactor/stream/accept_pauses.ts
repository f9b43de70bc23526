/**
 * The pauses of a port while the system cannot accept connections.
 *
 * A shortage, such as too many open files, may pass soon. The port pauses, tries again, and logs
 * one line when the shortage begins and one when it ends. Meanwhile clients wait in the backlog.
 * Where the acceptor supports it, clients that have waited for a second are turned away.
 *
 * @module
 */

import { error as logError, msg } from "../../log/mod.ts";
import { isShortage } from "../../log/shortage.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import { logUserError } from "../../defer/guarded_call.ts";

// The pause in seconds before the port accepts again; trio uses the same value. Without a pause,
// the repeated failures would occupy the processor.
const PAUSE = 0.1;

// The time in seconds without a failed accept after which a port counts as recovered.
const RECOVERY = 1;

// The time in seconds that clients wait during a shortage before they are turned away.
const PATIENCE = 1;

/** Pauses one port while connections cannot be accepted, and logs when that begins and ends. */
export class AcceptPauses {
  readonly #clock: IReactorTime;
  readonly #resume: () => void;
  #where = "";
  /**
   * The time at which the shortage began; `null` without one. A shortage lasts until the port has
   * recovered.
   */
  #since: number | null = null;
  /**
   * The time of the first failure since the last accepted connection; `null` if there was none.
   */
  #blockedSince: number | null = null;
  #turnedAway = 0;
  #pause: IDelayedCall | null = null;
  #recovery: IDelayedCall | null = null;

  /**
   * @param clock The clock of the port.
   * @param resume Called after a pause, to accept again.
   */
  constructor(clock: IReactorTime, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
  }

  /** Whether the port must not accept now. */
  get isPaused(): boolean {
    return this.#pause !== null;
  }

  /** Whether clients have waited long enough to be turned away. */
  get turnsAway(): boolean {
    return this.#blockedSince !== null && this.#clock.seconds() - this.#blockedSince >= PATIENCE;
  }

  /**
   * Pauses after a connection could not be accepted.
   *
   * @param error The reason.
   * @param where The address of the port, for the log.
   */
  failed(error: Error, where: string): void {
    this.#where = where;
    this.#stopRecovery();
    const now = this.#clock.seconds();
    if (this.#since === null) this.#log(error);
    this.#since ??= now;
    this.#blockedSince ??= now;
    this.#pause = this.#clock.callLater(PAUSE, () => {
      this.#pause = null;
      this.#resume();
    });
  }

  /**
   * Records that a connection was accepted. The port has recovered if no failure follows for a
   * second.
   */
  accepted(): void {
    this.#blockedSince = null;
    if (this.#since !== null) this.#startRecovery();
  }

  /** Counts a connection that was turned away. */
  turnedAway(): void {
    this.#turnedAway++;
  }

  /** Stops the pause without a log line, because the port closes. */
  stop(): void {
    this.#pause?.cancel();
    this.#stopRecovery();
    this.#pause = this.#since = this.#blockedSince = null;
    this.#turnedAway = 0;
  }

  #log(error: Error): void {
    const what = `Cannot accept connections on ${this.#where}, so accepting is paused`;
    // A shortage of descriptors or memory is an expected error, so its message is logged without
    // the stack.
    if (isShortage(error)) logError(`${what}: ${error.message}`, { error });
    else logUserError(error, what);
  }

  /** The method is separate, because its closure would take memory for each connection. */
  #startRecovery(): void {
    this.#recovery ??= this.#clock.callLater(RECOVERY, () => this.#recovered());
  }

  #recovered(): void {
    this.#recovery = null;
    if (this.#since === null) return;
    const seconds = Math.max(0, this.#clock.seconds() - this.#since - RECOVERY).toFixed(1);
    const count = this.#turnedAway;
    const turnedAway = count === 0 ? "" : `; connections turned away: ${count}`;
    msg(`Accepting connections on ${this.#where} again after ${seconds} s${turnedAway}`);
    this.#since = null;
    this.#turnedAway = 0;
  }

  #stopRecovery(): void {
    this.#recovery?.cancel();
    this.#recovery = null;
  }
}
