/**
 * The log: events, and the observers that receive them.
 *
 * {@linkcode msg} and {@linkcode err} log an event; {@linkcode debug} to {@linkcode critical} log
 * at a level. Observers receive each event; {@linkcode startLogging} adds one that writes lines in
 * Twisted's format. A library that avoids process-wide state takes a {@linkcode LogPublisher} as a
 * parameter. The model is `twisted.python.log` with the levels of `twisted.logger`.
 *
 * @example
 * ```ts
 * import * as log from "@torsion/reactor/log";
 *
 * log.startLogging(Deno.stdout);
 * log.msg("Hello.");
 * log.err(new Error("boom"), "Cannot open the lid");
 * ```
 *
 * @module
 */

export { type CapturedLogs, capturedLogs } from "./captured_logs.ts";
export * from "./context.ts";
export type { LogEvent, LogFields, LogLevel, LogObserver } from "./event.ts";
export { eventText } from "./event_text.ts";
export { BaseLogFile, type LogFileOptions } from "./files/base_log_file.ts";
export { DailyLogFile, type LogDate } from "./files/daily_log_file.ts";
export { LogFile, type SizedLogFileOptions } from "./files/log_file.ts";
export { LogReader } from "./files/log_reader.ts";
export * from "./format_time.ts";
export * from "./global_log.ts";
export * from "./history.ts";
export * from "./json_observer.ts";
export * from "./logger.ts";
export * from "./logger_observer.ts";
export * from "./publisher.ts";
export * from "./start_logging.ts";
export type { SyncWriter } from "./sync_writer.ts";
export * from "./text_observer.ts";
export * from "../internal/visible_text.ts";
