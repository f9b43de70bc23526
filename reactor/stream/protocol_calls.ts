import { callGuarded, logUserError } from "../../defer/guarded_call.ts";
import { callWithSystem, enterSystem, type HasLogPrefix, leaveSystem } from "../../log/context.ts";

/**
 * Calls the methods of a connection's protocol. An exception is logged, and loses the connection.
 */
export class ProtocolCalls {
  readonly #connection: HasLogPrefix;
  readonly #nameOf: (method: string) => string;
  readonly #abort: (error: unknown) => void;
  /**
   * The number of calls that have not returned. Written bytes are sent when the outermost call
   * returns.
   */
  depth = 0;

  /**
   * @param connection The connection, for the log.
   * @param nameOf Returns the name of a method for the log.
   * @param abort Loses the connection because of an error.
   */
  constructor(
    connection: HasLogPrefix,
    nameOf: (method: string) => string,
    abort: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#nameOf = nameOf;
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

  /** Loses the connection because a method has thrown, or its promise was rejected. */
  failed(method: string, error: unknown): void {
    this.#abort(error);
    // A promise is rejected after the call that returned it, so the log needs the system again.
    callWithSystem(this.#connection, () => {
      logUserError(error, `While calling ${this.#nameOf(method)}`);
    });
  }
}
