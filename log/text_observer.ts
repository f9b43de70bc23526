import type { LogObserver } from "./event.ts";
import { eventLine, systemText } from "./event_text.ts";
import { atOnce, checkFunction, quote } from "../internal/foreign_value.ts";
import { formatTime as formatLocalTime } from "./format_time.ts";
import { type SyncWriter, writeText } from "./sync_writer.ts";

/** How {@linkcode textFileLogObserver} writes. */
export interface TextFileLogOptions {
  /**
   * The text for a time in seconds since the epoch, at the head of each line.
   *
   * @default {formatTime} `2010-08-19 01:43:49+0000`, in the local time zone
   */
  readonly formatTime?: ((seconds: number) => string) | undefined;
}

/**
 * An observer that writes each event as Twisted's `FileLogObserver` does: time, system in brackets,
 * text. One event is one line: further lines of a text are set in by a tab, and control characters
 * are written as escapes, as by `visibleText()`. The line is with the writer before the observer
 * returns.
 *
 * @param writer Where the lines go, in UTF-8.
 * @param options How they are written.
 * @returns The observer, for `addObserver()`.
 * @throws {TypeError} When `formatTime` is not a function.
 *
 * @example
 * ```ts no-eval
 * import { addObserver, textFileLogObserver } from "@torsion/reactor/log";
 *
 * const file = Deno.openSync("server.txt", { append: true, create: true });
 * addObserver(textFileLogObserver(file));
 * ```
 */
export function textFileLogObserver(
  writer: SyncWriter,
  options: TextFileLogOptions = {},
): LogObserver {
  const { formatTime = formatLocalTime } = options;
  checkFunction("textFileLogObserver() formatTime", formatTime);
  // Named, so that the report of its failure says what failed.
  return function textFileLogObserver(event): void {
    const line = `[${systemText(event)}] ${eventLine(event)}`;
    const time: unknown = atOnce("formatTime()", formatTime(event.time));
    if (typeof time !== "string") {
      throw new TypeError(`formatTime() must return a string, got ${quote(time)}`);
    }
    writeText(writer, `${time} ${line}\n`);
  };
}
