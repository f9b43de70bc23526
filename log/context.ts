/**
 * The current "system": the part of the program that a log line shows in brackets. The reactor sets
 * it around each call of a protocol's method, so that a `msg()` in `dataReceived` reads
 * `[Echo,3,127.0.0.1]` (Twisted's `log.callWithLogger` and `logPrefix`).
 *
 * It applies to synchronous code only: code after an `await` runs with another system.
 *
 * @module
 */

import { textAtOnce } from "../internal/foreign_value.ts";

/** An object with a name for the log. */
export interface HasLogPrefix {
  /** Returns the name of the system. Called only when an event is logged. */
  logPrefix(): string;
}

/** A system: its name, or an object that returns it. */
export type SystemOwner = string | HasLogPrefix;

let current: SystemOwner = "-";

/**
 * Calls a function. Events that it logs before it returns have `owner` as their system.
 *
 * @param owner The system, or an object that returns its name.
 * @param f The function.
 * @returns The return value of `f`.
 * @throws {unknown} The error that `f` throws.
 *
 * @example
 * ```ts
 * import { callWithSystem, msg } from "@torsion/reactor/log";
 *
 * callWithSystem("indexer", () => msg("Started.")); // [indexer] Started.
 * ```
 */
export function callWithSystem<T>(owner: SystemOwner, f: () => T): T {
  const previous = enterSystem(owner);
  try {
    return f();
  } finally {
    leaveSystem(previous);
  }
}

/**
 * Sets the current system: {@linkcode callWithSystem} without a closure, for code that is called
 * often. Pass the returned value to {@linkcode leaveSystem} in a `finally` block.
 *
 * @param owner The system, or an object that returns its name.
 * @returns The previous system.
 *
 * @example
 * ```ts
 * import { enterSystem, leaveSystem } from "@torsion/reactor/log";
 *
 * const previous = enterSystem("indexer");
 * try {
 *   // ... logs as [indexer]
 * } finally {
 *   leaveSystem(previous);
 * }
 * ```
 */
export function enterSystem(owner: SystemOwner): SystemOwner {
  const previous = current;
  current = owner;
  return previous;
}

/**
 * Restores the system that was current before {@linkcode enterSystem}.
 *
 * @param previous The return value of `enterSystem()`.
 */
export function leaveSystem(previous: SystemOwner): void {
  current = previous;
}

/**
 * Returns the name of the current system.
 *
 * @returns The name; `"-"` if there is no system.
 * @throws {TypeError} If the owner's `logPrefix()` does not return a string. An error that
 *   `logPrefix()` throws is thrown as it is.
 */
export function currentSystem(): string {
  if (typeof current === "string") return current;
  return textAtOnce("logPrefix()", current.logPrefix());
}
