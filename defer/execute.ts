import { isInstance } from "../internal/foreign_value.ts";
import { Deferred } from "./deferred.ts";
import { succeed } from "./succeed.ts";

/**
 * Calls a function at once, and returns a new Deferred of its result or error.
 *
 * Twisted's `twisted.internet.defer.execute`. If the function returns a Deferred or promise, the
 * new Deferred waits for it; in Twisted, the returned Deferred would be the result.
 *
 * @param f The function.
 * @param args The function's arguments.
 * @returns A new Deferred.
 *
 * @example
 * ```ts
 * import { execute } from "@torsion/reactor/defer";
 *
 * execute(JSON.parse, "{").addErrback((error) => console.log(error.name)); // SyntaxError
 * ```
 */
export function execute<R, A extends unknown[] = []>(
  f: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Deferred<R> {
  return succeed().addCallback(() => f(...args));
}

/**
 * Calls a function at once, and returns a Deferred of its outcome, whether it returns a Deferred, a
 * promise or a plain value, or throws.
 *
 * Twisted's `twisted.internet.defer.maybeDeferred`. An `Error` that the function returns is a
 * value; in Twisted, a returned `Failure` is a failure.
 *
 * @param f The function.
 * @param args The function's arguments.
 * @returns The Deferred that the function returned, or a new one.
 *
 * @example
 * ```ts
 * import { type Deferred, maybeDeferred } from "@torsion/reactor/defer";
 *
 * function logged<R>(name: string, f: () => R | PromiseLike<R>): Deferred<R> {
 *   return maybeDeferred(f).addCallbacks((result) => {
 *     console.log(`${name} is done`);
 *     return result;
 *   });
 * }
 * ```
 */
export function maybeDeferred<R, A extends unknown[] = []>(
  f: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Deferred<R> {
  let returned: R | PromiseLike<R>;
  try {
    returned = f(...args);
  } catch (thrown) {
    return execute((): never => {
      throw thrown;
    });
  }
  // The cast is safe: a PromiseLike<R> that is a Deferred is a Deferred<R>.
  return isInstance(returned, Deferred) ? returned as Deferred<R> : execute(() => returned);
}
