import type { LogEvent, LogLevel, LogObserver } from "./event.ts";
import { eventLineWithSystem } from "./event_text.ts";

/** A method of a logger that logs a text. */
export type LevelMethod = (message: string, event?: Record<string, unknown>) => unknown;

/** A logger with a method for each level, such as those of `@std/log` and LogTape, or `console`. */
export interface LevelLogger {
  /** Logs at the level `debug`. */
  debug: LevelMethod;
  /** Logs at the level `info`. */
  info: LevelMethod;
  /** Logs at the level `warn`. */
  warn: LevelMethod;
  /** Logs at the level `error`. */
  error: LevelMethod;
  /** Logs at the level `critical`. A logger without it uses `fatal`, or else `error`. */
  critical?: LevelMethod;
  /** LogTape's name for the highest level. */
  fatal?: LevelMethod;
}

/**
 * Makes an observer that passes the text of each event to the logger's method for its level. A
 * known system stands in front of the text, in brackets; the logger adds the time itself.
 *
 * A LogTape logger also receives the event as the properties of the message. Braces in the text are
 * doubled, because LogTape treats single ones as placeholders.
 *
 * @param logger The logger.
 * @returns The observer, for `addObserver()`.
 *
 * @example
 * ```ts
 * import { addObserver, loggerLogObserver } from "@torsion/reactor/log";
 *
 * addObserver(loggerLogObserver(console), { level: "warn" });
 * ```
 */
export function loggerLogObserver(logger: LevelLogger): LogObserver {
  // A logger's method may return a promise. The observer returns that promise, so that the
  // publisher can log its rejection.
  return isLogTape(logger)
    ? (event): unknown => logger[methodOf(logger, event.level)]?.(templateOf(event), event)
    : (event): unknown => logger[methodOf(logger, event.level)]?.(eventLineWithSystem(event));
}

function methodOf(logger: LevelLogger, level: LogLevel): keyof LevelLogger {
  if (level !== "critical" || typeof logger.critical === "function") return level;
  return typeof logger.fatal === "function" ? "fatal" : "error";
}

/** Reports whether a logger is one of LogTape: those have a category, a list of names. */
function isLogTape(logger: LevelLogger): boolean {
  return "category" in logger && Array.isArray(logger.category);
}

function templateOf(event: LogEvent): string {
  return eventLineWithSystem(event).replaceAll("{", "{{").replaceAll("}", "}}");
}
