/**
 * Writes to a descriptor that another process has made non-blocking.
 *
 * Deno writes to standard output with blocking calls. A process that shares the open file, such as
 * another command of a shell script, may make it non-blocking: a write that would have to wait then
 * fails with EAGAIN. Deno 2.9.6 cannot wait until such a descriptor is writable, so the write is
 * repeated after a pause. It can wait until standard input is readable.
 *
 * @module
 */

import type { IDelayedCall, IReactorTime } from "../../interfaces/mod.ts";
import { codeOf } from "./system_error.ts";

// A pipe of 64 KiB that is emptied between two attempts carries 64 MB/s with the first pause and
// 1.3 MB/s with the longest.
const FIRST_PAUSE = 0.001;
const LONGEST_PAUSE = 0.05;

/** Repeats one kind of operation, one at a time. */
export class BackOff {
  readonly #timers: Pick<IReactorTime, "callLater">;
  #pause: { readonly call: IDelayedCall; readonly end: (error: Error) => void } | null = null;
  #isStopped = false;

  /** @param timers The clock of the pauses. */
  constructor(timers: Pick<IReactorTime, "callLater">) {
    this.#timers = timers;
  }

  /**
   * Runs an operation until it neither has to wait nor fails otherwise.
   *
   * @param operation Starts the operation. It has had no effect when it fails with EAGAIN.
   * @returns The operation's result.
   */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    for (let seconds = FIRST_PAUSE;; seconds = Math.min(2 * seconds, LONGEST_PAUSE)) {
      try {
        return await operation();
      } catch (error) {
        if (codeOf(error) !== "EAGAIN" || this.#isStopped) throw error;
      }
      await this.#wait(seconds);
    }
  }

  /** Ends a pause. The operation fails then, and none is repeated any more. */
  stop(): void {
    this.#isStopped = true;
    const pause = this.#pause;
    this.#pause = null;
    pause?.call.cancel();
    pause?.end(new Error("Cannot repeat the operation: its stream has been closed"));
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
