/**
 * The failure of a rolling restart: the new process of a worker ended, or was not ready in time.
 * The worker's old process continues to run.
 */
export class WorkerNotReady extends Error {
  /** The error's name. */
  override readonly name = "WorkerNotReady";
  /** The name of the worker, such as `worker 2`. */
  readonly worker: string;

  /**
   * Created by a {@linkcode Supervisor}.
   *
   * @param worker The name of the worker.
   * @param cause The reason that the new process ended.
   */
  constructor(worker: string, cause: Error) {
    super(`Cannot replace ${worker}: its new process did not become ready: ${cause.message}`, {
      cause,
    });
    this.worker = worker;
  }
}

/** The error with which a {@linkcode Supervisor} gives up: its workers ended too often. */
export class TooManyRestarts extends Error {
  /** The error's name. */
  override readonly name = "TooManyRestarts";
  /** The number of worker exits that the supervisor tolerates in {@linkcode within} seconds. */
  readonly maxRestarts: number;
  /** The seconds in which the exits are counted. */
  readonly within: number;

  /**
   * Created by a {@linkcode Supervisor}.
   *
   * @param maxRestarts The number of worker exits that the supervisor tolerates.
   * @param within The seconds in which the exits are counted.
   * @param last The name of the worker that ended last.
   * @param cause The reason that it ended.
   */
  constructor(maxRestarts: number, within: number, last: string, cause: Error) {
    super(
      `Stopped all workers: they ended more than ${maxRestarts} times in ${within} seconds, ` +
        `${last} as the last one: ${cause.message}`,
      { cause },
    );
    this.maxRestarts = maxRestarts;
    this.within = within;
  }
}
