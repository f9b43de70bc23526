/**
 * The faked clock that the suites drive.
 *
 * @module
 */

/** What the suites use of a faked clock. `FakeTime` of `@std/testing/time` has it. */
export interface FakeClock extends Disposable {
  /** Moves the time on, and runs the host's timers that come due, in order. Milliseconds. */
  tick(milliseconds?: number): void;
  /** Gives the host its real clock back. */
  restore(): void;
}

/**
 * A class of faked clocks: pass `FakeTime` of `@std/testing/time`. The suites do not import it, so that
 * they need no other package.
 */
export type FakeTimeClass = new () => FakeClock;
