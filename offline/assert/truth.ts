import { inspect } from "node:util";
import { AssertionError, failWith } from "./assertion_error.ts";

/** The values that count as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** A class whose instances are of type `T`. */
// deno-lint-ignore no-explicit-any -- a constructor of any parameters is meant
type ClassOf<T> = abstract new (...args: any[]) => T;

/** `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** `actual` is neither `null` nor `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === null || actual === undefined) {
    failWith(`Expected a value, got ${String(actual)}`, msg);
  }
}

/** `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: ClassOf<T>,
  msg = "",
): asserts actual is T {
  if (actual instanceof expectedType) return;
  failWith(
    `Expected an instance of ${expectedType.name}, got ${inspect(actual)}`,
    msg,
  );
}

/** `actual` is not an instance of `unexpectedType`. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: ClassOf<T>,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedType) {
    failWith(
      `Expected no instance of ${unexpectedType.name}, got ${inspect(actual)}`,
      msg,
    );
  }
}

/** Fails, always. */
export function fail(msg?: string): never {
  failWith("Failed assertion", msg);
}

/** Fails: this line should never run. */
export function unreachable(msg?: string): never {
  failWith("Unreachable", msg);
}
