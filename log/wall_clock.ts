/**
 * The clock that gives log events their time.
 *
 * @module
 */

/** Returns the time in milliseconds since 1970. */
export type WallClock = () => number;

// Date is read at each call, because a test may replace it.
const hostClock: WallClock = () => Date.now();
let clock = hostClock;

/** Returns the time of a log event, in seconds since 1970. */
export function wallClockSeconds(): number {
  return clock() / 1000;
}

/**
 * Replaces the clock, for a simulation with a time of its own.
 *
 * @param replacement The new clock.
 * @returns A disposable that restores the previous clock.
 */
export function useWallClock(replacement: WallClock): Disposable {
  const previous = clock;
  clock = replacement;
  return { [Symbol.dispose]: () => void (clock = previous) };
}
