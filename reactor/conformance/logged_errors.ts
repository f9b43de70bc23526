/**
 * Errors that are logged while a test runs: those that it does not expect fail it.
 *
 * @module
 */

import { reportUnhandled } from "../../defer/unhandled.ts";
import { addObserver, type LogEvent } from "../../log/mod.ts";

/**
 * Collects logged errors until it is disposed of, and then throws if any was not taken. Failures
 * that no errback has handled by then are among them.
 */
export class LoggedErrors implements Disposable {
  #events: LogEvent[] = [];
  readonly #observing: Disposable = addObserver((event) => this.#events.push(event), {
    level: "error",
    replay: false,
  });

  /** The errors logged so far and not taken before. */
  take(): Error[] {
    return this.takeEvents().flatMap(({ failure }) => failure === undefined ? [] : [failure]);
  }

  /** The events logged so far and not taken before. */
  takeEvents(): LogEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Stops collecting. @throws {AggregateError} when errors are left. */
  [Symbol.dispose](): void {
    reportUnhandled();
    this.#observing[Symbol.dispose]();
    const left = this.take();
    if (left.length > 0) throw new AggregateError(left, "Errors were logged");
  }
}
