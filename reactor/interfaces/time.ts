/**
 * A clock that makes calls.
 *
 * @module
 */

/** Asks a reactor's timed call to move, or not to happen. Twisted's `IDelayedCall`. */
export interface IDelayedCall extends Disposable {
  /** The moment of the call, in seconds on the clock that made it ({@linkcode IReactorTime.seconds}). */
  getTime(): number;
  /**
   * Takes the call back.
   *
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled before.
   */
  cancel(): void;
  /**
   * Puts the call off.
   *
   * @param seconds How much later than planned; a negative number brings it forward.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  delay(seconds: number): void;
  /**
   * Starts the wait anew.
   *
   * @param seconds The delay, counted from now.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  reset(seconds: number): void;
  /** Whether the call is still to come. */
  active(): boolean;
  /** Cancels the call if it is still to come, so that `using` ends it with its block. */
  [Symbol.dispose](): void;
}

/** A clock that makes calls. Twisted's `IReactorTime`. */
export interface IReactorTime {
  /** The time now, in seconds. It only goes forward; its zero means nothing. */
  seconds(): number;
  /**
   * Calls `f(...args)` in `delay` seconds.
   *
   * Calls due at one instant are made in the order in which they were asked for. What `f` throws is logged.
   *
   * When the process was stopped (SIGSTOP) or busy, so that a call is more than 10 ms late, a reactor first delivers the input that has
   * arrived: a peer that sent its bytes in time does not run into a timeout. That takes 5 to 50 ms, a tenth of the delay.
   *
   * @param delay The wait in seconds: zero or more, and finite.
   * @throws {TypeError} when the delay is not a number or `f` not a function.
   * @throws {RangeError} when the delay is negative, NaN or infinite.
   */
  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall;
  /** The calls still to come, in no particular order. */
  getDelayedCalls(): IDelayedCall[];
}
