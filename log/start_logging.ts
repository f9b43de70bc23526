import type { LogLevel, LogObserver } from "./event.ts";
import { inspect } from "../internal/foreign_value.ts";
import { globalLogPublisher } from "./global_log.ts";
import { type LevelLogger, loggerLogObserver } from "./logger_observer.ts";
import type { LogPublisher } from "./publisher.ts";
import type { SyncWriter } from "./sync_writer.ts";
import { textFileLogObserver, type TextFileLogOptions } from "./text_observer.ts";

/** A target of {@linkcode startLogging}: a file or stream for lines, or a logger for messages. */
export type LogSink = SyncWriter | LevelLogger;

/** Options of {@linkcode startLogging}. */
export interface StartLoggingOptions extends TextFileLogOptions {
  /**
   * The lowest level that is written.
   *
   * @default {"debug"}
   */
  readonly level?: LogLevel | undefined;
  /**
   * The publisher whose events are written.
   *
   * @default {globalLogPublisher}
   */
  readonly publisher?: LogPublisher | undefined;
}

/**
 * Starts to write the log to a file, a stream or a logger. The first line is `Log opened.`, after
 * the events that were logged before any observer was registered.
 *
 * Unlike Twisted's `startLogging`, it does not redirect standard output: the log usually goes
 * there. Earlier events are written, as by Twisted's newer `globalLogBeginner`, and not dropped.
 *
 * @param sink `Deno.stdout`, an open file or any other object with `writeSync`, which receives
 * lines; or a logger with a method for each level (of `@std/log` or LogTape, or `console`), which
 * receives messages.
 * @param options The lowest level, the publisher, and the format of times.
 * @returns The observer, for `removeObserver()`.
 * @throws {TypeError} If `sink` is neither.
 *
 * @example
 * ```ts
 * import * as log from "@torsion/reactor/log";
 *
 * log.startLogging(Deno.stdout); // 2010-08-19 01:43:49+0000 [-] Log opened.
 * ```
 */
export function startLogging(sink: LogSink, options: StartLoggingOptions = {}): LogObserver {
  const observer = observerFor(sink, options);
  const publisher = options.publisher ?? globalLogPublisher;
  publisher.addObserver(observer, { level: options.level ?? "debug" });
  publisher.msg("Log opened.", { system: "-" });
  return observer;
}

function observerFor(sink: LogSink, options: TextFileLogOptions): LogObserver {
  if (has(sink, "writeSync")) return textFileLogObserver(sink, options);
  if (has(sink, "debug", "info", "warn", "error")) return loggerLogObserver(sink);
  throw new TypeError(
    `Cannot log to ${
      inspect(sink)
    }: it must have either writeSync(), or debug(), info(), warn() and error()`,
  );
}

/** Reports whether a sink has these methods. */
function has<K extends PropertyKey>(
  sink: LogSink,
  ...names: K[]
): sink is Extract<LogSink, Record<K, unknown>> {
  return typeof sink === "object" && sink !== null &&
    names.every((name) => typeof Reflect.get(sink, name) === "function");
}
