/**
 * The fake clock that the suites control.
 *
 * @module
 */

/** The part of a fake clock that the suites use. `FakeTime` of `@std/testing/time` has it. */
export interface FakeClock extends Disposable {
  /**
   * Moves the time forward by milliseconds, and runs the host's timers that become due, in order.
   */
  tick(milliseconds?: number): void;
  /** Restores the host's real clock. */
  restore(): void;
}

/**
 * A class of fake clocks: pass `FakeTime` of `@std/testing/time`. The suites do not import it, so
 * they need no other package.
 */
export type FakeTimeClass = new () => FakeClock;
