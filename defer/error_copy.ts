/**
 * Makes an error that says what `error` says, and holds nothing that it holds: of the same class,
 * with the same stack, and with those of its properties that are plain values or errors themselves.
 *
 * An error holds more than meets the eye. V8 keeps the `this` of each method that was on the call
 * stack, so that one thrown in the course of `deferred.callback()` keeps that Deferred. Who holds
 * the error to report it would keep the Deferred from ever being collected.
 */
export function copyError(error: Error): Error {
  return copyOf(error, new Map());
}

function copyOf(error: Error, copies: Map<Error, Error>): Error {
  const known = copies.get(error);
  if (known !== undefined) return known;
  const copy = new Error();
  copies.set(error, copy);
  for (const key of Reflect.ownKeys(error)) {
    const descriptor = Object.getOwnPropertyDescriptor(error, key);
    if (key === "stack" || descriptor === undefined) continue;
    const { value, enumerable = false } = descriptor;
    // An array is AggregateError's.
    const kept = Array.isArray(value)
      ? value.map((each) => copyOfValue(each, copies))
      : copyOfValue(value, copies);
    if (kept !== undefined) define(copy, key, kept, enumerable);
  }
  define(copy, "stack", error.stack, false);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error));
  return copy;
}

/** Gives undefined for what is not to be held. */
function copyOfValue(value: unknown, copies: Map<Error, Error>): unknown {
  if (value instanceof Error) return copyOf(value, copies);
  return typeof value === "object" || typeof value === "function" ? undefined : value;
}

function define(copy: Error, key: PropertyKey, value: unknown, enumerable: boolean): void {
  Object.defineProperty(copy, key, { value, enumerable, configurable: true, writable: true });
}
