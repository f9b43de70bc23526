import type { LogEvent } from "./event.ts";
import { globalLogPublisher } from "./global_log.ts";
import type { LogPublisher } from "./publisher.ts";

/** The events that {@linkcode capturedLogs} has captured: an array that stops when disposed of. */
export type CapturedLogs = readonly LogEvent[] & Disposable;

/**
 * Captures the events that are logged until it is disposed of, for tests. Twisted's `capturedLogs`.
 * Events from before are neither captured nor taken from the first observer.
 *
 * @param publisher The publisher; by default the process-wide one.
 * @returns The events, to which later ones are added.
 *
 * @example
 * ```ts
 * import { capturedLogs, info } from "@torsion/reactor/log";
 *
 * using events = capturedLogs();
 * info("Stored.", { rows: 3 });
 * console.log(events.map(({ message, rows }) => [message, rows])); // [ [ "Stored.", 3 ] ]
 * ```
 */
export function capturedLogs(publisher: LogPublisher = globalLogPublisher): CapturedLogs {
  const events: LogEvent[] = [];
  const observing = publisher.addObserver((event) => void events.push(event), { replay: false });
  return Object.assign(events, { [Symbol.dispose]: () => observing[Symbol.dispose]() });
}
