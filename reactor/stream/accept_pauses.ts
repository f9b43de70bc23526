/**
 * What a port does while it cannot accept connections.
 *
 * The system may give soon what it could not give now. So the port pauses, tries again, and logs one line when this begins and one when it
 * ends. Clients wait in the backlog meanwhile. Those that have waited for a second are turned away, where the acceptor can do so.
 *
 * @module
 */

import { error as logError, msg } from "../../log/mod.ts";
import { isShortage } from "../../log/shortage.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import { logUserError } from "../../defer/guarded_call.ts";

// Trying again at once would only spin. trio waits as long.
const PAUSE = 0.1;

// A port that has accepted for this long without a failure has recovered.
const RECOVERY = 1;

// Clients wait for this long before they are turned away.
const PATIENCE = 1;

/** The pauses of one port. */
export class AcceptPauses {
  readonly #clock: IReactorTime;
  readonly #resume: () => void;
  #where = "";
  /** When the shortage began; null when there is none. It lasts until the port has recovered. */
  #since: number | null = null;
  /** When the first failure since the last connection came; null when there was none. */
  #blockedSince: number | null = null;
  #turnedAway = 0;
  #pause: IDelayedCall | null = null;
  #recovery: IDelayedCall | null = null;

  /**
   * Makes it for a port that accepts.
   *
   * @param clock The clock of the port.
   * @param resume Accepts again after a pause.
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
   * Notes that a connection could not be accepted, and pauses.
   *
   * @param error The reason.
   * @param where The address of the port.
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

  /** Notes that a connection was accepted. */
  accepted(): void {
    this.#blockedSince = null;
    if (this.#since === null) return;
    this.#recovery ??= this.#clock.callLater(RECOVERY, () => this.#recovered());
  }

  /** Notes that a connection was turned away. */
  turnedAway(): void {
    this.#turnedAway++;
  }

  /** Ends the pause without a word: the port closes. */
  stop(): void {
    this.#pause?.cancel();
    this.#stopRecovery();
    this.#pause = this.#since = this.#blockedSince = null;
    this.#turnedAway = 0;
  }

  #log(error: Error): void {
    const what = `Cannot accept connections on ${this.#where}, accepting pauses`;
    // One line: that such an error has no stack is known, and the reader needs no more than its message.
    if (isShortage(error)) logError(`${what}: ${error.message}`, { error });
    else logUserError(error, what);
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
