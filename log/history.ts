import { errorText } from "./error_text.ts";
import { checkFunction, follow, isThenable } from "../internal/foreign_value.ts";
import { writeText } from "./sync_writer.ts";
import type { LogEvent, LogObserver } from "./event.ts";

/**
 * Keeps the last events, to tell them to an observer that comes late (Twisted's
 * `LimitedHistoryLogObserver`).
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

  /** The observer that keeps what it is told. */
  readonly observe: LogObserver;

  /**
   * A history without events.
   *
   * @param size How many events are kept. Twisted's own default is 64 Ki.
   * @throws {RangeError} When `size` is no positive whole number.
   */
  constructor(size = 65_536) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(
        `Cannot keep a history of ${size} events: a positive whole number is needed`,
      );
    }
    this.#size = size;
    this.observe = (event): void => {
      this.#events[this.#next] = event;
      this.#next = (this.#next + 1) % this.#size;
    };
  }

  /**
   * Tells the kept events to `observer`, oldest first. They stay.
   *
   * @param observer Who is told. Its errors come out of this call; where it is async, its rejections
   *   are written to standard error.
   * @throws {TypeError} When `observer` is not a function.
   */
  replayTo(observer: LogObserver): void {
    checkFunction("LimitedHistory.replayTo() observer", observer);
    const isFull = this.#events.length === this.#size;
    const oldest = isFull ? this.#next : 0;
    for (const event of [...this.#events.slice(oldest), ...this.#events.slice(0, oldest)]) {
      // An async function is an observer for the compiler, too.
      const result: unknown = observer(event);
      if (isThenable(result)) follow(result, undefined, writeFailure);
    }
  }
}

function writeFailure(error: unknown): void {
  try {
    writeText(Deno.stderr, `An observer of a log history failed\n${errorText(error)}\n`);
  } catch {
    // Standard error is the last resort.
    return;
  }
}
