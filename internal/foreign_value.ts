/**
 * Inspects values that other code made. None of these functions throws: any value can be thrown,
 * and its getters, `toString()` or proxy traps may throw in turn.
 *
 * @module
 */

import { visibleText } from "./visible_text.ts";

/** The greatest number of characters shown of a value. */
const MAX_SHOWN = 10_000;

/** Returns whether `value` is an instance of `constructor`; a revoked proxy is not. */
export function isInstance<T>(
  value: unknown,
  constructor: abstract new (...args: never[]) => T,
): value is T {
  try {
    return value instanceof constructor;
  } catch {
    return false;
  }
}

/** Returns whether `value` is an error. Its properties may still throw: see {@linkcode read}. */
export function isError(value: unknown): value is Error {
  return isInstance(value, Error);
}

/**
 * Returns whether `value` has a `then` method. A value whose `then` cannot be read counts as a
 * thenable: a promise that is resolved with it rejects with the error.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || typeof value !== "object" && typeof value !== "function") return false;
  try {
    return "then" in value && typeof value.then === "function";
  } catch {
    return true;
  }
}

/**
 * Calls `succeeded` or `failed` once, when a promise or thenable has settled. An error that its
 * `then()` throws is a failure. The call is made later, except if the promise's constructor cannot
 * be read: then `failed` is called at once.
 *
 * @param value The promise. Any other value counts as a promise that has succeeded with it.
 */
export function follow(
  value: unknown,
  succeeded: ((value: unknown) => void) | undefined,
  failed: (error: unknown) => void,
): void {
  try {
    // Settles like `await`: Promise.resolve() turns a thenable into a promise, and the built-in
    // then() ignores a then() that an application has put on a promise.
    Promise.prototype.then.call(Promise.resolve(value), succeeded, failed);
  } catch (error) {
    // Promise.resolve() and then() read the promise's `constructor`, which may be a getter that
    // throws.
    failed(error);
  }
}

/** Returns a property of an object, or undefined if it cannot be read. */
export function read(value: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}

/** Returns the system's code of an error, such as `ECONNRESET`, if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = isError(error) ? read(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Returns `String(value)`, or the text of `inspect()` if the conversion throws. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return inspect(value);
  }
}

/** Returns an error's message, or the text of a value that is not an error. */
export function messageOf(error: unknown): string {
  if (!isError(error)) return textOf(error);
  try {
    return String(error.message);
  } catch {
    return "(unreadable message)";
  }
}

/** Returns a value as source code, shortened. */
export function inspect(value: unknown): string {
  try {
    const text = visibleText(Deno.inspect(value, { depth: 2, strAbbreviateSize: 1000 }));
    return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
  } catch {
    return `(${typeof value === "function" ? "a function" : "an object"} that cannot be shown)`;
  }
}

/**
 * Returns a value as an error message quotes it, on one line. Of an object, only the class is
 * shown.
 */
export function quote(value: unknown): string {
  if (typeof value === "string") return visibleText(JSON.stringify(value));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "function" && (typeof value !== "object" || value === null)) {
    return oneLine(String(value));
  }
  try {
    return typeof value === "function"
      ? oneLine(`function ${value.name || "(anonymous)"}`)
      : oneLine(`an object of class ${value.constructor?.name ?? "(none)"}`);
  } catch {
    return `${typeof value === "function" ? "a function" : "an object"} that cannot be read`;
  }
}

function oneLine(text: string): string {
  return visibleText(text, { newlines: "escaped" });
}

/** Throws a TypeError that names the parameter and the value, unless `value` is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`${name} must be a function, got ${quote(value)}`);
  }
}

/**
 * Returns the return value of a function that must not be asynchronous.
 *
 * @param hook The name of the function, such as `logPrefix()`.
 * @param answer The return value.
 * @param rejected Called if the value is a promise that rejects.
 * @throws {TypeError} If the value is a promise.
 */
export function atOnce<T>(
  hook: string,
  answer: T,
  rejected: (error: unknown) => void = () => {},
): T {
  if (!isThenable(answer)) return answer;
  follow(answer, undefined, rejected);
  throw new TypeError(
    `${hook} must return its value synchronously, got a promise; it cannot be an async function`,
  );
}

/**
 * Returns the text that a function has returned.
 *
 * @param hook The name of the function, such as `logPrefix()`.
 * @param answer The return value.
 * @param rejected Called if the value is a promise that rejects.
 * @throws {TypeError} If the value is a promise, or not a string.
 */
export function textAtOnce(
  hook: string,
  answer: unknown,
  rejected?: (error: unknown) => void,
): string {
  const text = atOnce(hook, answer, rejected);
  if (typeof text === "string") return text;
  throw new TypeError(`${hook} must return a string, got ${quote(text)}`);
}
