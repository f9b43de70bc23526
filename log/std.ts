/**
 * Hands what is logged to `@std/log`. The logger is handed in, so nothing here needs that module but the
 * program that uses it.
 *
 * @module
 */

import type { LogObserver } from "./event.ts";
import { eventLineWithSystem } from "./event_text.ts";

/** A method of a logger: makes the message if it is wanted. */
export type StdLevelMethod = (message: () => string, ...args: unknown[]) => unknown;

/** What is used of a `Logger` of `@std/log`. */
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
 * An observer that hands each event to a logger of `@std/log`, at its level: the text as the
 * message, the event as the record's first argument, for formatters that want its fields.
 *
 * @param logger Who logs: what `getLogger()` of `@std/log` returns.
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
  // Taken as a function, so that no text is made for a level that the logger lets go.
  return (event): unknown => logger[event.level](() => eventLineWithSystem(event), event);
}
