import type { LogObserver } from "./event.ts";
import { eventLine, systemText } from "./event_text.ts";
import { checkFunction, textAtOnce } from "../internal/foreign_value.ts";
import { formatTime as formatLocalTime } from "./format_time.ts";
import { type SyncWriter, writeText } from "./sync_writer.ts";

/** Options of {@linkcode textFileLogObserver}. */
export interface TextFileLogOptions {
  /**
   * Formats the time at the start of each line, given in seconds since the epoch.
   *
   * @default {formatTime} `2010-08-19 01:43:49+0000`, in the local time zone
   */
  readonly formatTime?: ((seconds: number) => string) | undefined;
}

/**
 * Makes an observer that writes each event in the format of Twisted's `FileLogObserver`: time,
 * system in brackets, text. Further lines of a text are indented by a tab, and control characters
 * become escapes, as by `visibleText()`. The observer returns after the line has been written.
 *
 * @param writer The writer, which receives UTF-8.
 * @param options The format of times.
 * @returns The observer, for `addObserver()`.
 * @throws {TypeError} If `formatTime` is not a function.
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
  // The returned function is named, because the report of a failing observer quotes its name.
  return function textFileLogObserver(event): void {
    const line = `[${systemText(event)}] ${eventLine(event)}`;
    const time = textAtOnce("formatTime()", formatTime(event.time));
    writeText(writer, `${time} ${line}\n`);
  };
}
