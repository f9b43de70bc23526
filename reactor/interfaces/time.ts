/**
 * Timed calls.
 *
 * @module
 */

/** A timed call that can be cancelled or moved. Twisted's `IDelayedCall`. */
export interface IDelayedCall extends Disposable {
  /**
   * Returns the time at which the call is due, in seconds on the clock that created it
   * ({@linkcode IReactorTime.seconds}).
   */
  getTime(): number;
  /**
   * Cancels the call.
   *
   * @throws {AlreadyCalled} If the call has been made.
   * @throws {AlreadyCancelled} If the call has been cancelled.
   */
  cancel(): void;
  /**
   * Postpones the call.
   *
   * @param seconds Seconds to add to the time at which the call is due. A negative number moves the
   *   call to an earlier time.
   * @throws {AlreadyCalled} If the call has been made.
   * @throws {AlreadyCancelled} If the call has been cancelled.
   */
  delay(seconds: number): void;
  /**
   * Restarts the delay.
   *
   * @param seconds The delay in seconds from now, at least 0.
   * @throws {AlreadyCalled} If the call has been made.
   * @throws {AlreadyCancelled} If the call has been cancelled.
   */
  reset(seconds: number): void;
  /** Returns whether the call is pending: neither made nor cancelled. */
  active(): boolean;
  /** Cancels the call if it is pending. `using` calls this at the end of its block. */
  [Symbol.dispose](): void;
}

/** A clock that makes timed calls. Twisted's `IReactorTime`. */
export interface IReactorTime {
  /** Returns the current time in seconds. The clock is monotonic and its zero is arbitrary. */
  seconds(): number;
  /**
   * Calls `f(...args)` in `delay` seconds.
   *
   * Calls that are due at the same time are made in the order of their `callLater`. An error that
   * `f` throws is logged.
   *
   * If the process was suspended (SIGSTOP) or busy and a call is therefore more than 10 ms late,
   * the reactor first delivers the input that has arrived, so that a peer that sent its bytes in
   * time does not run into a timeout. This postpones the call by a tenth of its lateness, but by at
   * least 5 ms and at most 50 ms.
   *
   * @param delay The delay in seconds: finite, and at least 0.
   * @param f The function to call.
   * @param args The arguments of the call.
   * @returns The timed call, which can be cancelled or moved.
   * @throws {TypeError} If the delay is not a number or `f` is not a function.
   * @throws {RangeError} If the delay is negative, NaN or infinite.
   */
  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall;
  /** Returns the pending calls, in no particular order. */
  getDelayedCalls(): IDelayedCall[];
}
