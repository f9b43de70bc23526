import {
  checkBound,
  checkDelay,
  checkFunction,
  checkInteger,
  checkPeriod,
  checkTimeout,
} from "../../internal/validation.ts";
import { backoffPolicy, type RetryPolicy } from "../service/backoff_policy.ts";
import type { TooManyRestarts } from "./errors.ts";

/** Options of a {@linkcode Supervisor}. */
export interface SupervisorOptions {
  /**
   * The number of workers.
   *
   * @default {navigator.hardwareConcurrency}
   */
  workers?: number | undefined;
  /**
   * Returns whether a line of a worker's output says that the worker is ready. By default, a worker
   * is ready when it has run for {@linkcode threshold} seconds.
   *
   * @default {null}
   */
  isReady?: ((line: string) => boolean) | null | undefined;
  /**
   * Seconds in which {@linkcode isReady} must have returned `true`. A worker that is late is
   * stopped, and counts as one that has failed.
   *
   * @default {60}
   */
  readyTimeout?: number | undefined;
  /**
   * Seconds that a worker must have run to be started again at once when it ends. The next start of
   * a worker that ends sooner waits as long as {@linkcode retryPolicy} says. `threshold` of
   * Twisted's `ProcessMonitor`.
   *
   * @default {1}
   */
  threshold?: number | undefined;
  /**
   * Returns the seconds to wait before a start, given how many times in a row the worker has ended
   * too soon.
   *
   * @default {1, 2, 4 and so on, at most 60 seconds}
   */
  retryPolicy?: RetryPolicy | undefined;
  /**
   * How many times all workers together may end by themselves in {@linkcode within} seconds. After
   * one more, the supervisor stops them all and calls {@linkcode gaveUp}. `Infinity` removes the
   * limit.
   *
   * @default {30}
   */
  maxRestarts?: number | undefined;
  /**
   * The seconds in which {@linkcode maxRestarts} are counted.
   *
   * @default {60}
   */
  within?: number | undefined;
  /**
   * Called when the supervisor gives up, after it has logged the error. A program that ends itself
   * here leaves the restart to its service manager.
   *
   * @default {null}
   */
  gaveUp?: ((error: TooManyRestarts) => unknown) | null | undefined;
  /**
   * Seconds that a worker has to end after SIGTERM. Then it is killed. Choose more than the time in
   * which workers drain their connections. `killTime` of Twisted's `ProcessMonitor`, where it is 5.
   *
   * @default {40}
   */
  killTime?: number | undefined;
  /**
   * Called with each line that a worker writes to its standard output or standard error. By
   * default, the line is logged with the worker's name.
   *
   * @default {null}
   */
  lineReceived?: ((worker: string, line: string) => unknown) | null | undefined;
}

/** The options, with their defaults. */
export type SupervisorSettings = {
  readonly [K in keyof SupervisorOptions]-?: Exclude<SupervisorOptions[K], undefined>;
};

/**
 * Returns the options with their defaults.
 *
 * @throws {RangeError} when an option is out of range.
 * @throws {TypeError} when an option has another type.
 */
export function checkedOptions(options: SupervisorOptions): SupervisorSettings {
  const { retryPolicy = backoffPolicy({ initialDelay: 0.5, factor: 2, jitter: () => 0 }) } =
    options;
  const settings: SupervisorSettings = {
    workers: options.workers ?? navigator.hardwareConcurrency,
    isReady: options.isReady ?? null,
    readyTimeout: options.readyTimeout ?? 60,
    threshold: options.threshold ?? 1,
    retryPolicy,
    maxRestarts: options.maxRestarts ?? 30,
    within: options.within ?? 60,
    gaveUp: options.gaveUp ?? null,
    killTime: options.killTime ?? 40,
    lineReceived: options.lineReceived ?? null,
  };
  checkInteger("Supervisor() workers", settings.workers, 1, 1024);
  if (settings.isReady !== null) checkFunction("Supervisor() isReady", settings.isReady);
  checkTimeout("Supervisor() readyTimeout", settings.readyTimeout);
  checkDelay("Supervisor() threshold", settings.threshold);
  checkFunction("Supervisor() retryPolicy", settings.retryPolicy);
  checkBound("Supervisor() maxRestarts", settings.maxRestarts, 0);
  checkPeriod("Supervisor() within", settings.within);
  if (settings.gaveUp !== null) checkFunction("Supervisor() gaveUp", settings.gaveUp);
  checkDelay("Supervisor() killTime", settings.killTime);
  if (settings.lineReceived !== null) {
    checkFunction("Supervisor() lineReceived", settings.lineReceived);
  }
  return settings;
}
