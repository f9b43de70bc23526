/**
 * The one timer that a running reactor asks of its host.
 *
 * @module
 */

import { logUserError } from "../../defer/guarded_call.ts";
import { isTimeFaked } from "./host_clock.ts";

// The host's timers take a signed 32-bit number of milliseconds; Deno fires at once past it.
const LONGEST_MS = 2 ** 31 - 1;

// How often to look whether faked time is over, in milliseconds.
const WATCH_MS = 10;

// A loop that has overslept, because the process was stopped or busy, finds timers and input at once, and Deno fires the timers first. So the
// wake-up is put off then, by a tenth of the time overslept within these limits, for the host to deliver what has arrived in time.
const OVERSLEPT_MS = 10;
const LEAST_GRACE_MS = 5;
const MOST_GRACE_MS = 50;

// The grace is several timers: input may take more than one turn of the loop, as in a handshake.
const TURNS = 5;

// The genuine timers, unless a test faked time before this module was loaded.
const { setInterval: watch, clearInterval: unwatch } = isTimeFaked()
  ? { setInterval: () => undefined, clearInterval: () => undefined }
  : globalThis;
const { setTimeout: genuine, clearTimeout: clearGenuine } = globalThis;

/** A timer that is set. */
interface SetTimer {
  /** The function it was set with. */
  readonly by: typeof globalThis.setTimeout;
  readonly timer: ReturnType<typeof globalThis.setTimeout>;
  readonly clear: () => void;
  /** Ends the watch over faked time, for a timer that is set in it. */
  readonly unwatch: (() => void) | null;
  /** When it is due, by `performance.now()`. */
  readonly due: number;
  /** The turns of the host's loop before it wakes; null until it fires. */
  readonly grace: Grace | null;
}

/** Turns of the host's loop to wait for. */
interface Grace {
  readonly turns: number;
  /** The length of each in milliseconds. */
  readonly ms: number;
}

const NO_GRACE: Grace = { turns: 0, ms: 0 };

/** Returns the grace of a timer that fires now. Faked time is never late. */
function graceOf({ due }: SetTimer): Grace {
  const late = performance.now() - due;
  if (late < OVERSLEPT_MS || isTimeFaked()) return NO_GRACE;
  const ms = Math.min(Math.max(late / 10, LEAST_GRACE_MS), MOST_GRACE_MS);
  return { turns: TURNS, ms: ms / TURNS };
}

/**
 * A single wake-up, moved as the earliest timed call moves. While it is set it also holds the process, which nothing idle in
 * Deno does: so a running reactor always has it set, if need be at the far end of the host's range.
 *
 * In faked time a genuine timer watches that time is still faked: a fake that ends takes its timers with it. It holds the process, too.
 */
export class Alarm {
  readonly #wake: () => void;
  #set: SetTimer | null = null;

  /**
   * Makes an alarm that is not set.
   *
   * @param wake Called when the time has come, and at times for no reason: it has to look at the clock. When the host's loop comes to the
   *   alarm late, input that has arrived by then is delivered first.
   */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether it is set on timers that have been replaced since. */
  get isOutdated(): boolean {
    return this.#set !== null && this.#set.by !== globalThis.setTimeout;
  }

  /** Wakes in `seconds`, instead of when it was set to before. Infinity only holds the process. */
  set(seconds: number): void {
    this.clear();
    // Rounded up, or the clock would not be there yet; but not for what binary fractions leave over, as in 0.1 + 0.2.
    const ms = Math.min(Math.max(Math.ceil(seconds * 1000 - 5e-5), 0), LONGEST_MS);
    // Looked up at each use: tests replace the global timers, and a timer is cleared where it was set.
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

  /** Wakes in `seconds` by the timers of the host, after those that replaced them have failed. */
  setGenuine(seconds: number): void {
    this.#setGenuine(seconds * 1000, null);
  }

  #setGenuine(ms: number, grace: Grace | null): void {
    this.clear();
    const timer = genuine(() => this.#fire(set), ms);
    const clear = () => clearGenuine(timer);
    const due = performance.now() + ms;
    const set: SetTimer = { by: globalThis.setTimeout, timer, clear, unwatch: null, due, grace };
    this.#set = set;
  }

  /** Does not wake, and lets the process go. */
  clear(): void {
    const set = this.#set;
    this.#set = null;
    if (set === null) return;
    set.unwatch?.();
    // A fake that is gone cannot clear its timers, and says so; nor do they fire.
    if (set.unwatch !== null && set.by !== globalThis.setTimeout && set.by !== genuine) return;
    try {
      set.clear();
    } catch (error) {
      logUserError(error, "While clearing the timer of the reactor");
      clearGenuine(set.timer);
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
    const timer = watch(() => {
      if (this.isOutdated) this.#wake();
    }, WATCH_MS);
    return () => unwatch(timer);
  }
}
