/** The clock that `addTimeout()` needs. A reactor fits, and so does the `Clock` of `./task`. */
export interface TimeoutClock {
  /**
   * Calls `f` after a delay.
   *
   * @param delay Seconds from now, at least 0.
   * @param f The function to call.
   * @returns The scheduled call.
   */
  callLater(delay: number, f: () => void): TimeoutCall;
}

/** A scheduled call, as `addTimeout()` needs it. */
export interface TimeoutCall {
  /** Cancels the call. */
  cancel(): void;

  /**
   * Reports whether the call is still scheduled.
   *
   * @returns `false` once the call was made or cancelled.
   */
  active(): boolean;
}
