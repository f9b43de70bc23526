import type { LogFields, LogObserver } from "./event.ts";
import { type AddObserverOptions, LogPublisher } from "./publisher.ts";

/**
 * The process's own publisher, behind `msg()`, `err()` and the like (Twisted's
 * `globalLogPublisher`). It can be handed to whatever takes a {@linkcode LogPublisher}.
 */
export const globalLogPublisher: LogPublisher = new LogPublisher();

/**
 * Has `observer` told of every event from now on; the first is also told of what happened before.
 *
 * @param observer Who is told. Adding it again changes nothing.
 * @param options What it is told.
 * @returns Removes it again when disposed of.
 * @throws {TypeError} When `observer` is no function.
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
 * Tells `observer` nothing any more. It is no error if it was not there.
 *
 * @param observer Who was added.
 */
export function removeObserver(observer: LogObserver): void {
  globalLogPublisher.removeObserver(observer);
}

/**
 * Logs a message. Several arguments are joined with spaces, as in Twisted, each as its text.
 *
 * @param message What happened.
 * @param fields What else there is to say: an object literal behind the message, of which `level` is
 *   `info` unless it says otherwise.
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
 * Logs a message of several parts.
 *
 * @param message The parts. The last of them gives the fields if it is an object literal.
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
 * Logs an error with its stack and its causes. As an errback, `d.addErrback((error) =>
 * log.err(error))` logs a failure and is done with it.
 *
 * @param error What was thrown. What is no `Error` is wrapped into one.
 * @param why What was being done. @default {"Unhandled Error"}
 * @param fields What else there is to say.
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

/** Logs what is of interest when looking for a fault. */
export function debug(message: string, fields?: LogFields): void {
  globalLogPublisher.debug(message, fields);
}

/** Logs what is worth knowing. */
export function info(message: string, fields?: LogFields): void {
  globalLogPublisher.info(message, fields);
}

/** Logs what may become a problem. */
export function warn(message: string, fields?: LogFields): void {
  globalLogPublisher.warn(message, fields);
}

/** Logs what failed; `fields.failure` may hold the error. */
export function error(message: string, fields?: LogFields): void {
  globalLogPublisher.error(message, fields);
}

/** Logs what the program cannot go on with. */
export function critical(message: string, fields?: LogFields): void {
  globalLogPublisher.critical(message, fields);
}
