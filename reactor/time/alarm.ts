/**
 * The single host timer of a running reactor.
 *
 * @module
 */

import { logUserError } from "../../defer/guarded_call.ts";
import { timersModule } from "../drivers/node/builtin_modules.ts";
import { isTimeFaked } from "./host_clock.ts";

// The host's timers accept delays up to the largest signed 32-bit number of milliseconds. Deno
// fires a timer with a longer delay immediately.
const LONGEST_MS = 2 ** 31 - 1;

// The interval in milliseconds between two checks whether faked time has ended.
const WATCH_MS = 10;

// After a suspension or a long computation, Deno fires overdue timers before it delivers input that
// arrived in time. A late alarm therefore waits for a tenth of its lateness, within these limits,
// so that the input comes first.
const OVERSLEPT_MS = 10;
const LEAST_GRACE_MS = 5;
const MOST_GRACE_MS = 50;

// The grace period is divided into this number of timers, because input such as a handshake may
// need several turns of the host's loop.
const TURNS = 5;

/** A pending timer. */
interface SetTimer {
  /** The `setTimeout` function that created the timer. */
  readonly by: typeof globalThis.setTimeout;
  readonly timer: ReturnType<typeof globalThis.setTimeout>;
  readonly clear: () => void;
  /** Stops the check for the end of faked time; `null` for a genuine timer. */
  readonly unwatch: (() => void) | null;
  /** The time at which it is due, on the clock of `performance.now()`. */
  readonly due: number;
  /** The remaining grace period; `null` before the timer has fired for the first time. */
  readonly grace: Grace | null;
}

/** A number of turns of the host's loop. */
interface Grace {
  readonly turns: number;
  /** The duration of each turn, in milliseconds. */
  readonly ms: number;
}

const NO_GRACE: Grace = { turns: 0, ms: 0 };

/** Returns the grace period of a timer that fires now. There is none in faked time. */
function graceOf({ due }: SetTimer): Grace {
  const late = performance.now() - due;
  if (late < OVERSLEPT_MS || isTimeFaked()) return NO_GRACE;
  const ms = Math.min(Math.max(late / 10, LEAST_GRACE_MS), MOST_GRACE_MS);
  return { turns: TURNS, ms: ms / TURNS };
}

/**
 * An alarm: one timer of the host, set for the earliest timed call.
 *
 * A pending timer also keeps the process alive. So a running reactor always sets its alarm, if
 * necessary for the longest time that the host supports.
 *
 * In faked time, a genuine timer checks whether time is still faked, because the timers of a fake
 * never fire after the fake has ended. That timer keeps the process alive, too.
 */
export class Alarm {
  readonly #wake: () => void;
  #set: SetTimer | null = null;

  /**
   * Creates an alarm that is not set.
   *
   * @param wake Called when the time is reached. It may also be called earlier, so it must check
   *   the clock. If the host's loop is late, input that has arrived is delivered before the call.
   */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether the alarm is set and the global timer functions have been replaced since. */
  get isOutdated(): boolean {
    return this.#set !== null && this.#set.by !== globalThis.setTimeout;
  }

  /**
   * Sets the alarm, replacing the previous time.
   *
   * @param seconds The delay in seconds. Infinity only keeps the process alive.
   */
  set(seconds: number): void {
    this.clear();
    // The delay is rounded up, because the timer must not fire early. A small amount is subtracted
    // first, so that a floating-point error, as in 0.1 + 0.2, does not add a millisecond.
    const ms = Math.min(Math.max(Math.ceil(seconds * 1000 - 5e-5), 0), LONGEST_MS);
    // The functions are read at each use, because tests replace the global ones. A timer must be
    // cleared by the `clearTimeout` that belongs to its `setTimeout`.
    const { setTimeout, clearTimeout } = globalThis;
    const timer = setTimeout(() => this.#fire(set), ms);
    const set: SetTimer = {
      by: setTimeout,
      timer,
      clear: () => clearTimeout(timer),
      unwatch: isTimeFaked() ? this.#watch() : null,
      due: performance.now() + ms,
      grace: null,
    };
    this.#set = set;
  }

  /**
   * Sets the alarm for `seconds` from now on a genuine timer, after a replaced timer function has
   * failed.
   */
  setGenuine(seconds: number): void {
    this.#setGenuine(seconds * 1000, null);
  }

  #setGenuine(ms: number, grace: Grace | null): void {
    this.clear();
    const { setTimeout, clearTimeout } = timersModule();
    const timer = setTimeout(() => this.#fire(set), ms);
    const clear = () => clearTimeout(timer);
    const due = performance.now() + ms;
    const set: SetTimer = { by: globalThis.setTimeout, timer, clear, unwatch: null, due, grace };
    this.#set = set;
  }

  /** Clears the alarm, so that it no longer keeps the process alive. */
  clear(): void {
    const set = this.#set;
    this.#set = null;
    if (set === null) return;
    set.unwatch?.();
    // The timer belongs to a fake that has ended. It will never fire, and the fake's `clearTimeout`
    // would throw.
    const isReplaced = set.by !== globalThis.setTimeout;
    if (set.unwatch !== null && isReplaced && set.by !== timersModule().setTimeout) return;
    try {
      set.clear();
    } catch (error) {
      logUserError(error, "Error while clearing the timer of the reactor");
      timersModule().clearTimeout(set.timer);
    }
  }

  #fire(set: SetTimer): void {
    if (set !== this.#set) return;
    const { turns, ms } = set.grace ?? graceOf(set);
    if (turns > 0) return this.#setGenuine(ms, { turns: turns - 1, ms });
    set.unwatch?.();
    this.#set = null;
    this.#wake();
  }

  #watch(): () => void {
    const { setInterval, clearInterval } = timersModule();
    const timer = setInterval(() => {
      if (this.isOutdated) this.#wake();
    }, WATCH_MS);
    return () => clearInterval(timer);
  }
}
