/**
 * What happened: events, and who is told of them.
 *
 * Code logs with {@linkcode msg} and {@linkcode err}, or at a level with {@linkcode debug} to
 * {@linkcode critical}. Observers are told; {@linkcode startLogging} adds one that writes lines the
 * way Twisted does. Libraries that want no part in process-wide state take a {@linkcode
 * LogPublisher}. The model is `twisted.python.log` with the levels of `twisted.logger`.
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

export * from "./context.ts";
export type { LogEvent, LogFields, LogLevel, LogObserver } from "./event.ts";
export { eventText } from "./event_text.ts";
export * from "./format_time.ts";
export * from "./global_log.ts";
export * from "./history.ts";
export * from "./logger_observer.ts";
export * from "./publisher.ts";
export * from "./start_logging.ts";
export type { SyncWriter } from "./sync_writer.ts";
export * from "./text_observer.ts";
export * from "../internal/visible_text.ts";
