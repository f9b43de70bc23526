import { asError } from "../../../defer/guarded_call.ts";
import { Deferred, fail, TimeoutError } from "../../../defer/mod.ts";
import { checkTimeout } from "../../../internal/validation.ts";
import type { IDelayedCall, IReactorTime } from "../../interfaces/mod.ts";
import { FilesystemLock } from "./filesystem_lock.ts";

/** Seconds between two attempts, as in Twisted. */
const INTERVAL = 1;

/** The error of `deferUntilLocked()` while an earlier call still waits. */
export class AlreadyTryingToLockError extends Error {
  /** The name of the error class. */
  override readonly name = "AlreadyTryingToLockError";
}

/**
 * A {@linkcode FilesystemLock} that can be waited for. Twisted's `DeferredFilesystemLock`.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { DeferredFilesystemLock } from "@torsion/reactor/reactor";
 *
 * using lock = new DeferredFilesystemLock("/run/server.lock", reactor);
 * await lock.deferUntilLocked(10);
 * ```
 */
export class DeferredFilesystemLock extends FilesystemLock {
  readonly #clock: Pick<IReactorTime, "callLater">;
  /** The next attempt of the call that waits. */
  #attempt: IDelayedCall | null = null;

  /**
   * Creates a lock without acquiring it.
   *
   * @param name The path of the lock.
   * @param clock The clock of the attempts, one each second: a reactor, or the `Clock` of a test.
   */
  constructor(name: string, clock: Pick<IReactorTime, "callLater">) {
    super(name);
    this.#clock = clock;
  }

  /**
   * Waits until the lock is acquired.
   *
   * @param timeout Seconds to wait at most; no limit by default.
   * @returns A Deferred that fires when this object holds the lock. It fails with a `TimeoutError`
   *   after the timeout, with an `AlreadyTryingToLockError` if an earlier call still waits, and
   *   with the error of an attempt. A timeout or `cancel()` makes one last attempt, which may
   *   succeed.
   * @throws {RangeError | TypeError} If the timeout is not a positive number.
   */
  deferUntilLocked(timeout: number = Infinity): Deferred<void> {
    checkTimeout("deferUntilLocked() timeout", timeout);
    if (this.#attempt !== null) {
      return fail(
        new AlreadyTryingToLockError(
          `Cannot wait for the lock ${this.name}: an earlier call of deferUntilLocked() still waits`,
        ),
      );
    }
    let timer: IDelayedCall | null = null;
    const end = (): void => {
      if (timer?.active()) timer.cancel();
      if (this.#attempt?.active()) this.#attempt.cancel();
      this.#attempt = null;
    };
    const isAcquired = (): boolean => {
      try {
        if (!this.lock()) return false;
        end();
        result.callback(undefined);
      } catch (error) {
        end();
        result.errback(asError(error));
      }
      return true;
    };
    const attempt = (): void => {
      if (!isAcquired()) this.#attempt = this.#clock.callLater(INTERVAL, attempt);
    };
    const result = new Deferred<void>(() => {
      // Without a result, the Deferred fails with a CancelledError.
      if (!isAcquired()) end();
    });
    attempt();
    if (this.#attempt !== null && timeout !== Infinity) {
      timer = this.#clock.callLater(timeout, () => {
        if (isAcquired()) return;
        end();
        result.errback(
          new TimeoutError(`Cannot lock ${this.name}: it is still held after ${timeout} s`),
        );
      });
    }
    return result;
  }
}
