/**
 * Retries of writes to a descriptor that another process has made non-blocking.
 *
 * Deno writes to standard output with blocking calls. A process that shares the open file, such as
 * another command of a shell script, may make it non-blocking. A write that would have to wait then
 * fails with EAGAIN. Deno 2.9.6 cannot wait until such a descriptor is writable, so the write is
 * retried after a pause. Reads need no retry: Deno can wait until standard input is readable.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import type { IDelayedCall, IReactorTime } from "../../interfaces/mod.ts";

// In seconds. If the pipe's 64 KiB are free after each pause, the first pause allows 64 MB/s and
// the longest 1.3 MB/s.
const FIRST_PAUSE = 0.001;
const MAX_PAUSE = 0.05;

/** Retries an operation that fails with EAGAIN. One operation runs at a time. */
export class BackOff {
  readonly #timers: Pick<IReactorTime, "callLater">;
  #pause: { readonly call: IDelayedCall; readonly end: (error: Error) => void } | null = null;
  #isStopped = false;

  /**
   * Creates an instance without a running operation.
   *
   * @param timers The clock of the pauses.
   */
  constructor(timers: Pick<IReactorTime, "callLater">) {
    this.#timers = timers;
  }

  /**
   * Runs an operation until it succeeds or fails with an error other than EAGAIN.
   *
   * @param operation Starts the operation. It must have had no effect if it fails with EAGAIN.
   * @returns The operation's result.
   */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    for (let seconds = FIRST_PAUSE;; seconds = Math.min(2 * seconds, MAX_PAUSE)) {
      try {
        return await operation();
      } catch (error) {
        if (codeOf(error) !== "EAGAIN" || this.#isStopped) throw error;
      }
      await this.#wait(seconds);
    }
  }

  /** Stops all retries. An operation that waits for its next retry fails. */
  stop(): void {
    this.#isStopped = true;
    const pause = this.#pause;
    this.#pause = null;
    pause?.call.cancel();
    pause?.end(new Error("Cannot retry the operation: its stream was closed"));
  }

  #wait(seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = this.#timers.callLater(seconds, () => {
        this.#pause = null;
        resolve();
      });
      this.#pause = { call, end: reject };
    });
  }
}
