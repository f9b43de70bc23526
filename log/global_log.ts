import type { LogFields, LogObserver } from "./event.ts";
import { type AddObserverOptions, LogPublisher } from "./publisher.ts";

/**
 * The process-wide publisher that `msg()`, `err()` and the other functions log to. Twisted's
 * `globalLogPublisher`.
 */
export const globalLogPublisher: LogPublisher = new LogPublisher();

/**
 * Registers an observer for all later events. The first observer also receives the events that were
 * logged before.
 *
 * @param observer The observer. Adding it a second time has no effect.
 * @param options Which events it receives.
 * @returns A disposable that removes the observer.
 * @throws {TypeError} If `observer` is not a function.
 *
 * @example
 * ```ts
 * import { addObserver, err } from "@torsion/reactor/log";
 *
 * const errors: unknown[] = [];
 * using _observing = addObserver((event) => errors.push(event.failure), { level: "error" });
 * err(new Error("boom"), "Cannot open the lid");
 * ```
 */
export function addObserver(observer: LogObserver, options?: AddObserverOptions): Disposable {
  return globalLogPublisher.addObserver(observer, options);
}

/**
 * Removes an observer. Has no effect if the observer is not registered.
 *
 * @param observer The observer.
 */
export function removeObserver(observer: LogObserver): void {
  globalLogPublisher.removeObserver(observer);
}

/**
 * Logs a message, at the level `info` unless `fields.level` is given. Several arguments are joined
 * with spaces, as in Twisted.
 *
 * @param message The message.
 * @param fields Further fields of the event, as an object literal.
 *
 * @example
 * ```ts
 * import * as log from "@torsion/reactor/log";
 *
 * log.startLogging(Deno.stdout);
 * log.msg("In callfunc"); // 2010-08-19 01:43:49+0000 [-] In callfunc
 * ```
 */
export function msg(message: string, fields?: LogFields): void;
/**
 * Logs a message of several parts, joined with spaces.
 *
 * @param message The parts. If the last one is an object literal, it holds the fields of the event.
 *
 * @example
 * ```ts
 * import * as log from "@torsion/reactor/log";
 *
 * log.msg("got", 3, "lines", { system: "reader" }); // [reader] got 3 lines
 * ```
 */
export function msg(...message: unknown[]): void;
export function msg(...message: unknown[]): void {
  globalLogPublisher.msg(...message);
}

/**
 * Logs an error with its stack and its causes. `deferred.addErrback((error) => log.err(error))`
 * logs a failure and handles it.
 *
 * @param error The error. A value that is not an `Error` is wrapped in one.
 * @param why The operation that failed; `"Unhandled Error"` if not given.
 * @param fields Further fields of the event.
 *
 * @example
 * ```ts
 * import * as log from "@torsion/reactor/log";
 *
 * try {
 *   JSON.parse("{");
 * } catch (error) {
 *   log.err(error, "Cannot read the settings");
 * }
 * ```
 */
export function err(error: unknown, why?: string, fields?: LogFields): void {
  globalLogPublisher.err(error, why, fields);
}

/** Logs a message at the level `debug`: of interest when looking for a fault. */
export function debug(message: string, fields?: LogFields): void {
  globalLogPublisher.debug(message, fields);
}

/** Logs a message at the level `info`: worth knowing. */
export function info(message: string, fields?: LogFields): void {
  globalLogPublisher.info(message, fields);
}

/** Logs a message at the level `warn`: it may become a problem. */
export function warn(message: string, fields?: LogFields): void {
  globalLogPublisher.warn(message, fields);
}

/** Logs a message at the level `error`: something failed. `fields.failure` may hold the error. */
export function error(message: string, fields?: LogFields): void {
  globalLogPublisher.error(message, fields);
}

/** Logs a message at the level `critical`: the program cannot continue. */
export function critical(message: string, fields?: LogFields): void {
  globalLogPublisher.critical(message, fields);
}
