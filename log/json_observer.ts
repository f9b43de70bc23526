import { checkString } from "../internal/validation.ts";
import type { LogEvent, LogObserver } from "./event.ts";
import { jsonValue } from "./json_value.ts";
import { type SyncWriter, writeText } from "./sync_writer.ts";

/** Options of {@linkcode jsonFileLogObserver}. */
export interface JSONFileLogOptions {
  /**
   * The text before each event. With `""`, the file has one JSON text per line (NDJSON).
   *
   * @default {"\x1e"} as in Twisted: the format of RFC 7464, which `jq --seq` reads
   */
  readonly recordSeparator?: string | undefined;
}

/**
 * Returns an event as one line of JSON, with all of its fields. Never throws. Twisted's
 * `eventAsJSON`.
 *
 * Errors become objects with `name`, `message`, `stack`, `cause` and their other fields. Bytes
 * become a text with a character for each byte. Functions are left out. Other values that JSON does
 * not have become their text.
 *
 * @param event The event.
 * @returns The JSON text, without a newline.
 *
 * @example
 * ```ts
 * import { addObserver, eventAsJSON, info } from "@torsion/reactor/log";
 *
 * const lines: string[] = [];
 * using _observing = addObserver((event) => lines.push(eventAsJSON(event)));
 * info("Stored.", { rows: 3n });
 * console.log(JSON.parse(lines.at(-1) ?? "").rows); // 3
 * ```
 */
export function eventAsJSON(event: LogEvent): string {
  return JSON.stringify(jsonValue(event));
}

/**
 * Makes an observer that writes each event as a line of JSON, with all of its fields: for programs
 * that read the log. Twisted's `jsonFileLogObserver`. The observer returns after the line has been
 * written.
 *
 * @param writer The writer, which receives UTF-8: a file, `Deno.stdout`, a `LogFile`.
 * @param options The text before each event.
 * @returns The observer, for `addObserver()`.
 * @throws {TypeError} If `recordSeparator` is not a string.
 *
 * @example One JSON text per line
 * ```ts
 * import { addObserver, jsonFileLogObserver, warn } from "@torsion/reactor/log";
 *
 * const observer = jsonFileLogObserver(Deno.stdout, { recordSeparator: "" });
 * using _observing = addObserver(observer, { level: "warn" });
 * warn("Disk almost full.", { bytesFree: 1024 });
 * ```
 */
export function jsonFileLogObserver(
  writer: SyncWriter,
  options: JSONFileLogOptions = {},
): LogObserver {
  const { recordSeparator = "\x1e" } = options;
  checkString("jsonFileLogObserver() recordSeparator", recordSeparator);
  // The returned function is named, because the report of a failing observer quotes its name.
  return function jsonFileLogObserver(event): void {
    writeText(writer, `${recordSeparator}${eventAsJSON(event)}\n`);
  };
}
