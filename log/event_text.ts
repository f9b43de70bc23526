import { errorText } from "./error_text.ts";
import type { LogEvent } from "./event.ts";

/**
 * An event's message and, on the lines after it, the stack of its failure and of that one's causes.
 * It never throws (Twisted's `textFromEventDict`).
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
  if (event.failure === undefined) return String(event.message);
  return `${event.message}\n${failureText(event.failure)}`;
}

function failureText(failure: Error): string {
  try {
    return errorText(failure);
  } catch (error) {
    // An error's own getters threw: what they threw is all that there is to show, and may be as
    // broken.
    return `(unable to obtain the stack${error instanceof Error ? `: ${error.message}` : ""})`;
  }
}

/**
 * The same on one text for loggers that write time and level themselves: with the system in front,
 * where one is known.
 */
export function eventTextWithSystem(event: LogEvent): string {
  const text = eventText(event);
  return event.system === "-" ? text : `[${event.system}] ${text}`;
}
