/**
 * Passes events to `@std/log`. The logger is a parameter: only the program imports `@std/log`.
 *
 * @module
 */

import type { LogObserver } from "./event.ts";
import { eventLineWithSystem } from "./event_text.ts";

/** A method of a logger. It calls `message` only if the level is enabled. */
export type StdLevelMethod = (message: () => string, ...args: unknown[]) => unknown;

/** The part of a `Logger` of `@std/log` that is used here. */
export interface StdLogger {
  /** Logs at level DEBUG. */
  debug: StdLevelMethod;
  /** Logs at level INFO. */
  info: StdLevelMethod;
  /** Logs at level WARN. */
  warn: StdLevelMethod;
  /** Logs at level ERROR. */
  error: StdLevelMethod;
  /** Logs at level CRITICAL. */
  critical: StdLevelMethod;
}

/**
 * Makes an observer that passes each event to a logger of `@std/log`, at the event's level. The
 * text is the message; the event is the first argument of the record, for formatters that use its
 * fields.
 *
 * @param logger The logger, as `getLogger()` of `@std/log` returns it.
 * @returns The observer, for `addObserver()`.
 *
 * @example
 * ```ts
 * import { addObserver } from "@torsion/reactor/log";
 * import { stdLogObserver } from "@torsion/reactor/log/std";
 * import { getLogger } from "@std/log";
 *
 * addObserver(stdLogObserver(getLogger("network")));
 * ```
 */
export function stdLogObserver(logger: StdLogger): LogObserver {
  // The message is passed as a function, so that the logger builds no text for a disabled level.
  return (event): unknown => logger[event.level](() => eventLineWithSystem(event), event);
}
