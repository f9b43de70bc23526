import type { LogEvent, LogLevel, LogObserver } from "./event.ts";
import { eventLineWithSystem } from "./event_text.ts";

/** A method that logs a text. */
export type LevelMethod = (message: string, event?: Record<string, unknown>) => unknown;

/** A logger with a method for each level: of `@std/log`, of LogTape, `console` and many more. */
export interface LevelLogger {
  /** Logs what is of interest when looking for a fault. */
  debug: LevelMethod;
  /** Logs what is worth knowing. */
  info: LevelMethod;
  /** Logs what may become a problem. */
  warn: LevelMethod;
  /** Logs what failed. */
  error: LevelMethod;
  /**
   * Logs what the program cannot go on with. Without it, `fatal` is taken, and without that,
   * `error`.
   */
  critical?: LevelMethod;
  /** LogTape's name for the highest level. */
  fatal?: LevelMethod;
}

/**
 * An observer that hands each event's text to the method of its level. The logger puts the time
 * there itself; the system is written in front, in brackets, where one is known.
 *
 * A LogTape logger gets the event as the message's properties as well, and braces in the text
 * doubled, since it would take them for placeholders.
 *
 * @param logger Who logs.
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
  // What a method returns may be a promise, which is the publisher's to follow.
  return isLogTape(logger)
    ? (event): unknown => logger[methodOf(logger, event.level)]?.(templateOf(event), event)
    : (event): unknown => logger[methodOf(logger, event.level)]?.(eventLineWithSystem(event));
}

function methodOf(logger: LevelLogger, level: LogLevel): keyof LevelLogger {
  if (level !== "critical" || typeof logger.critical === "function") return level;
  return typeof logger.fatal === "function" ? "fatal" : "error";
}

/** LogTape's loggers are known by their category, a list of names. */
function isLogTape(logger: LevelLogger): boolean {
  return "category" in logger && Array.isArray(logger.category);
}

function templateOf(event: LogEvent): string {
  return eventLineWithSystem(event).replaceAll("{", "{{").replaceAll("}", "}}");
}
