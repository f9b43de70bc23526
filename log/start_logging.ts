import type { LogLevel, LogObserver } from "./event.ts";
import { inspect } from "../internal/foreign_value.ts";
import { globalLogPublisher } from "./global_log.ts";
import { type LevelLogger, loggerLogObserver } from "./logger_observer.ts";
import type { LogPublisher } from "./publisher.ts";
import type { SyncWriter } from "./sync_writer.ts";
import { textFileLogObserver, type TextFileLogOptions } from "./text_observer.ts";

/**
 * What {@linkcode startLogging} can write to: lines to a file or stream, or messages to a logger.
 */
export type LogSink = SyncWriter | LevelLogger;

/** How {@linkcode startLogging} logs. */
export interface StartLoggingOptions extends TextFileLogOptions {
  /** The lowest level that is shown. @default {"debug"} */
  readonly level?: LogLevel | undefined;
  /** Whose events are logged. @default {globalLogPublisher} */
  readonly publisher?: LogPublisher | undefined;
}

/**
 * Shows on `sink` what is logged from now on, after what has been logged before anything observed,
 * and `Log opened.`.
 *
 * Unlike Twisted's, it leaves standard output and the console alone: they are where the log most
 * often goes. And what was logged before is shown, as by Twisted's newer `globalLogBeginner`,
 * rather than dropped.
 *
 * @param sink `Deno.stdout`, an open file or anything else with `writeSync`, which gets lines; or a
 *   logger with a method for each level (of `@std/log`, of LogTape, `console`), which gets
 *   messages.
 * @param options How it is logged.
 * @returns The observer, for `removeObserver()`.
 * @throws {TypeError} When `sink` is neither.
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
    }: it has neither writeSync() nor debug(), info(), warn() and error()`,
  );
}

/** Whether `sink` is the one of the two kinds that has these methods. */
function has<K extends PropertyKey>(
  sink: LogSink,
  ...names: K[]
): sink is Extract<LogSink, Record<K, unknown>> {
  return typeof sink === "object" && sink !== null &&
    names.every((name) => typeof Reflect.get(sink, name) === "function");
}
