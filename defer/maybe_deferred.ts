import { Deferred } from "./deferred.ts";
import { succeed } from "./succeed.ts";

/** Calls `f` and gives what comes of it as a Deferred. */
export function execute<R, A extends unknown[]>(
  f: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Deferred<R> {
  return succeed().addCallback(() => f(...args));
}

/** Calls `f`; a Deferred it returns is returned, anything else becomes one. */
export function maybeDeferred<R, A extends unknown[]>(
  f: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Deferred<R> {
  let kept: Deferred<R> | undefined;
  const deferred = execute(() => {
    const result = f(...args);
    if (result instanceof Deferred) {
      kept = result as Deferred<R>;
      return undefined as R;
    }
    return result;
  });
  return kept ?? deferred;
}
