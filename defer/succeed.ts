import { Deferred } from "./deferred.ts";

/** Makes a Deferred that already has its result. */
export function succeed(): Deferred<void>;
/** Makes a Deferred that already has its result. */
export function succeed<T>(result: T): Deferred<T>;
export function succeed(result?: unknown): Deferred<unknown> {
  const deferred = new Deferred<unknown>();
  deferred.callback(result);
  return deferred;
}

/** Makes a Deferred that has already failed. */
export function fail<T = never>(error: Error): Deferred<T> {
  const deferred = new Deferred<T>();
  deferred.errback(error);
  return deferred;
}
