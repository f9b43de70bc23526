import { errorText } from "./error_text.ts";
import type { LogEvent } from "./event.ts";
import { textOf } from "../internal/foreign_value.ts";
import { visibleText } from "../internal/visible_text.ts";

/**
 * Returns the text of an event: its message, followed by the stacks of its failure and of the
 * failure's causes. Control characters become escapes, as by {@linkcode visibleText}; newlines
 * stay. Never throws. Twisted's `textFromEventDict`.
 *
 * @param event The event.
 * @returns The text, of one line or more, without a trailing newline.
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

/** Returns the text of an event with each further line indented by a tab, as Twisted writes it. */
export function eventLine(event: LogEvent): string {
  return eventText(event).replaceAll("\n", "\n\t");
}

/** Returns the system of an event on one line: newlines in it are escaped. */
export function systemText(event: LogEvent): string {
  return visibleText(textOf(event.system), { newlines: "escaped" });
}

/**
 * Returns the line for loggers that write the time and the level themselves. A known system stands
 * in front, in brackets.
 */
export function eventLineWithSystem(event: LogEvent): string {
  const line = eventLine(event);
  return event.system === "-" ? line : `[${systemText(event)}] ${line}`;
}
