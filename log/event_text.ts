import { errorText } from "./error_text.ts";
import type { LogEvent } from "./event.ts";
import { textOf } from "../internal/foreign_value.ts";
import { visibleText } from "../internal/visible_text.ts";

/**
 * An event's message and, on the lines after it, the stack of its failure and of that one's causes.
 * Control characters are written as escapes, as by {@linkcode visibleText}; newlines stay. It never
 * throws (Twisted's `textFromEventDict`).
 *
 * @param event What happened.
 * @returns The text, of one line or more, without a line break at its end.
 *
 * @example
 * ```ts
 * import { addObserver, eventText, msg } from "@torsion/reactor/log";
 *
 * const lines: string[] = [];
 * using _observing = addObserver((event) => lines.push(eventText(event)));
 * msg("Hello.");
 * ```
 */
export function eventText(event: LogEvent): string {
  const message = visibleText(textOf(event.message));
  if (event.failure === undefined) return message;
  return `${message}\n${visibleText(errorText(event.failure))}`;
}

/** The same as one line, and continuations of it that a tab sets in, as Twisted writes them. */
export function eventLine(event: LogEvent): string {
  return eventText(event).replaceAll("\n", "\n\t");
}

/** The event's system on one line, whoever named it. */
export function systemText(event: LogEvent): string {
  return visibleText(textOf(event.system), { newlines: "escaped" });
}

/**
 * The line for loggers that write time and level themselves: with the system in front, where one is
 * known.
 */
export function eventLineWithSystem(event: LogEvent): string {
  const line = eventLine(event);
  return event.system === "-" ? line : `[${systemText(event)}] ${line}`;
}
