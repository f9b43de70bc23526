/** What `addTimeout()` needs of a clock. The reactor fits, and so does the `Clock` of `./task`. */
export interface TimeoutClock {
  /**
   * Has `f` called later.
   *
   * @param delay In how many seconds.
   * @param f What to call.
   * @returns The call to come.
   */
  callLater(delay: number, f: () => void): TimeoutCall;
}

/** What `addTimeout()` needs of a call to come. */
export interface TimeoutCall {
  /** Takes the call back. */
  cancel(): void;

  /**
   * Tells whether the call is still to come.
   *
   * @returns False once it was made or taken back.
   */
  active(): boolean;
}
