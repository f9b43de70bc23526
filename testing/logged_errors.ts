/**
 * The errors that are logged during a test.
 *
 * @module
 */

import { reportUnhandled } from "../defer/unhandled.ts";
import { isInstance } from "../internal/foreign_value.ts";
import { addObserver, type LogEvent } from "../log/mod.ts";
import type { ErrorType } from "./results.ts";

/** The collectors that have not been disposed of. The last one receives the events. */
const collectors: LoggedErrors[] = [];

/**
 * Collects the errors that are logged until it is disposed of. If some of them have not been taken
 * by then, disposing it throws them.
 *
 * `cleanTest()` and `checkClean()` collect by themselves. If several collectors exist, only the
 * last one receives an error.
 *
 * @example
 * ```ts
 * import { log } from "@torsion/reactor";
 * import { LoggedErrors } from "@torsion/reactor/testing";
 *
 * using errors = new LoggedErrors();
 * log.err(new RangeError("too far"));
 * console.log(errors.take().map(({ message }) => message)); // [ "too far" ]
 * ```
 */
export class LoggedErrors implements Disposable {
  #events: LogEvent[] = [];
  readonly #observing: Disposable;

  /** Starts to collect. */
  constructor() {
    const collect = (event: LogEvent): void => {
      if (collectors.at(-1) === this) this.#events.push(event);
    };
    this.#observing = addObserver(collect, { level: "error", replay: false });
    collectors.push(this);
  }

  /**
   * Returns the errors that have been logged and not taken, and removes them.
   *
   * @param types The classes of the errors to take. Without any, all errors are taken.
   * @returns The errors, in the order in which they were logged. An event without an error becomes
   *   an `Error` with its message.
   */
  take<E extends Error = Error>(...types: ErrorType<E>[]): E[] {
    const taken: E[] = [];
    this.#events = this.#events.filter((event) => {
      const error = errorOf(event);
      const isTaken = types.length === 0 || types.some((type) => isInstance(error, type));
      // With no class given, E is Error.
      if (isTaken) taken.push(error as E);
      return !isTaken;
    });
    return taken;
  }

  /** Returns the events of all errors that have been logged and not taken, and removes them. */
  takeEvents(): LogEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /**
   * Stops collecting.
   *
   * @throws {AggregateError} If errors have not been taken. Failures that no errback has handled
   *   are among them.
   */
  [Symbol.dispose](): void {
    const left = this.close().map(errorOf);
    if (left.length > 0) throw new AggregateError(left, "Errors were logged");
  }

  /**
   * Stops collecting, without an error.
   *
   * @returns The events that have not been taken. Failures that no errback has handled are among
   *   them.
   */
  close(): LogEvent[] {
    if (collectors.includes(this)) {
      reportUnhandled();
      this.#observing[Symbol.dispose]();
      collectors.splice(collectors.indexOf(this), 1);
    }
    return this.takeEvents();
  }
}

/**
 * Returns the errors that have been logged during the test, and removes them, so that they do not
 * fail it. Twisted's `flushLoggedErrors`, of trial's test case.
 *
 * Failures of Deferreds that no errback has handled are logged first.
 *
 * @param types The classes of the errors to return. Without any, all errors are returned.
 * @returns The errors, in the order in which they were logged.
 * @throws {Error} If no test collects errors: in a test that neither `cleanTest()`, `checkClean()`
 *   nor a {@linkcode LoggedErrors} surrounds.
 *
 * @example
 * ```ts no-eval
 * import { fail } from "@torsion/reactor/defer";
 * import { cleanTest, flushLoggedErrors } from "@torsion/reactor/testing";
 *
 * cleanTest("fail() logs a failure that no errback handles", () => {
 *   fail(new RangeError("too far"));
 *   console.log(flushLoggedErrors(RangeError).length); // 1
 * });
 * ```
 */
export function flushLoggedErrors<E extends Error = Error>(...types: ErrorType<E>[]): E[] {
  const collector = collectors.at(-1);
  if (collector === undefined) {
    throw new Error(
      "Cannot flush the logged errors: no test collects them. " +
        "Define the test with cleanTest(), wrap its function with checkClean(), " +
        "or declare `using errors = new LoggedErrors()` in it",
    );
  }
  reportUnhandled();
  return collector.take(...types);
}

function errorOf({ failure, message }: LogEvent): Error {
  return failure ?? new Error(message);
}
