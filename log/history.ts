import { errorText } from "./error_text.ts";
import { checkFunction, follow, isThenable } from "../internal/foreign_value.ts";
import { writeText } from "./sync_writer.ts";
import type { LogEvent, LogObserver } from "./event.ts";

/**
 * Keeps the most recent events, to replay them to an observer later. Twisted's
 * `LimitedHistoryLogObserver`.
 *
 * @example
 * ```ts
 * import { addObserver, LimitedHistory, removeObserver } from "@torsion/reactor/log";
 *
 * const history = new LimitedHistory(1000);
 * addObserver(history.observe);
 * // ... when something went wrong:
 * history.replayTo((event) => console.log(event.message));
 * removeObserver(history.observe);
 * ```
 */
export class LimitedHistory {
  readonly #size: number;
  /** Full of the last `size` events, the oldest at `#next`; until then in order from 0. */
  readonly #events: LogEvent[] = [];
  #next = 0;

  /** The observer that records events. */
  readonly observe: LogObserver;

  /**
   * Makes an empty history.
   *
   * @param size The number of events to keep; 65,536 if not given, as in Twisted.
   * @throws {RangeError} If `size` is not a positive integer.
   */
  constructor(size: number = 65_536) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(
        `Cannot keep a history of ${size} events: size must be a positive integer`,
      );
    }
    this.#size = size;
    this.observe = (event): void => {
      this.#events[this.#next] = event;
      this.#next = (this.#next + 1) % this.#size;
    };
  }

  /**
   * Passes the recorded events to an observer, oldest first. The history keeps them.
   *
   * @param observer The observer. An error that it throws is thrown by this method; the rejection
   * of a promise that it returns is written to standard error.
   * @throws {TypeError} If `observer` is not a function.
   */
  replayTo(observer: LogObserver): void {
    checkFunction("LimitedHistory.replayTo() observer", observer);
    const isFull = this.#events.length === this.#size;
    const oldest = isFull ? this.#next : 0;
    for (const event of [...this.#events.slice(oldest), ...this.#events.slice(0, oldest)]) {
      // The type of an observer also admits an async function. Its rejection is written to standard
      // error.
      const result: unknown = observer(event);
      if (isThenable(result)) follow(result, undefined, writeFailure);
    }
  }
}

function writeFailure(error: unknown): void {
  try {
    writeText(Deno.stderr, `An observer of a log history failed\n${errorText(error)}\n`);
  } catch {
    // Writing to standard error failed, and no other place to report the failure is left.
    return;
  }
}
