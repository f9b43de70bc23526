import { callGuarded, logUserError } from "../../defer/guarded_call.ts";
import { alike } from "../lifecycle/log_throttle.ts";
import { callWithSystem, enterSystem, type HasLogPrefix, leaveSystem } from "../../log/context.ts";
import type { ConnectionOwner } from "./connection_owner.ts";

/** The members of a connection's owner that are needed to log an error. */
type FailureLog = Pick<ConnectionOwner, "methodName" | "logFailure">;

/**
 * Calls the methods of a connection's protocol. An exception is logged, and loses the connection.
 */
export class ProtocolCalls {
  readonly #connection: HasLogPrefix;
  readonly #owner: FailureLog;
  readonly #abort: (error: unknown) => void;
  /**
   * The number of calls that have not returned. Written bytes are sent when the outermost call
   * returns.
   */
  depth = 0;

  /**
   * @param connection The connection, for the log.
   * @param owner The owner of the connection, which names methods and logs errors.
   * @param abort Loses the connection because of an error.
   */
  constructor(
    connection: HasLogPrefix,
    owner: FailureLog,
    abort: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#owner = owner;
    this.#abort = abort;
  }

  /** Calls a method of the protocol. */
  call(method: string, f: () => unknown): void {
    const previous = enterSystem(this.#connection);
    this.depth++;
    try {
      callGuarded(f, (error) => this.failed(method, error), method);
    } finally {
      this.depth--;
      leaveSystem(previous);
    }
  }

  /**
   * Aborts the connection and logs the error, because a method has thrown or its promise was
   * rejected.
   */
  failed(method: string, error: unknown): void {
    this.#abort(error);
    const name = this.#owner.methodName?.(method) ?? method;
    // A promise rejects after the call has returned, so the log system of the connection is set
    // again for this log line.
    const log = (count: number): void =>
      callWithSystem(this.#connection, () => {
        logUserError(error, `Error while calling ${name}${alike(count)}`);
      });
    if (this.#owner.logFailure === undefined) log(1);
    else this.#owner.logFailure(log);
  }
}
