/**
 * The "system" of the code that runs now: what a log line shows in brackets. The reactor sets it
 * around each call into a protocol, so a `msg()` in `dataReceived` reads `[Echo,3,127.0.0.1]`
 * (Twisted's `log.callWithLogger` and `logPrefix`).
 *
 * It holds for synchronous code: what runs after an `await` has the system of whoever runs it then.
 *
 * @module
 */

import { atOnce, quote } from "../internal/foreign_value.ts";

/** What can say on whose behalf it acts. */
export interface HasLogPrefix {
  /** The system's name. Asked for only when something is logged. */
  logPrefix(): string;
}

/** A system: its name, or what knows it. */
export type SystemOwner = string | HasLogPrefix;

let current: SystemOwner = "-";

/**
 * Calls `f` with `owner` as the system of everything that it logs before it returns.
 *
 * @param owner The system, or who knows its name when it is needed.
 * @param f What to call.
 * @returns What `f` returns.
 * @throws What `f` throws.
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
 * Makes `owner` the system from now on: {@linkcode callWithSystem} without a closure, for code that
 * is called often. What it returns must be given to {@linkcode leaveSystem} in a `finally`.
 *
 * @param owner The system, or who knows its name when it is needed.
 * @returns The system until now.
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
 * Ends what {@linkcode enterSystem} began.
 *
 * @param previous What it returned.
 */
export function leaveSystem(previous: SystemOwner): void {
  current = previous;
}

/**
 * The name of the system of the code that runs now; `"-"` outside of any.
 *
 * @returns What a log line shows in brackets.
 * @throws {TypeError} When the owner's `logPrefix()` does not return a string, and what it throws.
 */
export function currentSystem(): string {
  if (typeof current === "string") return current;
  const prefix: unknown = atOnce("logPrefix()", current.logPrefix());
  if (typeof prefix === "string") return prefix;
  throw new TypeError(`logPrefix() must return a string, got ${quote(prefix)}`);
}
