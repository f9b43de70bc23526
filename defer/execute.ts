import { isInstance } from "../internal/foreign_value.ts";
import { Deferred } from "./deferred.ts";
import { succeed } from "./succeed.ts";

/**
 * Calls a function now and makes a new Deferred of what it returns or throws.
 *
 * Twisted: `twisted.internet.defer.execute`. A Deferred or promise that the function returns is
 * waited on, by the rule for callbacks, where Twisted would make it the result.
 *
 * @param f What to call.
 * @param args Its arguments.
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
 * Calls a function now, whether it returns a Deferred, a promise or a plain value, and gives what
 * comes of it as a Deferred.
 *
 * Twisted: `twisted.internet.defer.maybeDeferred`. An `Error` that is returned is a value; Twisted
 * makes a failure of a `Failure`.
 *
 * @param f What to call.
 * @param args Its arguments.
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
  // A PromiseLike<R> that is a Deferred is a Deferred<R>.
  return isInstance(returned, Deferred) ? returned as Deferred<R> : execute(() => returned);
}
