import { inspect, stripVTControlCharacters } from "node:util";
import { failWith } from "./assertion_error.ts";

/** A class of errors. */
// deno-lint-ignore no-explicit-any -- a constructor of any parameters is meant
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** `error` is an error, of class `ErrorClass`, whose message includes or matches `msgMatches`. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    failWith(`Expected an Error, got ${inspect(error)}`, msg);
  }
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    failWith(
      `Expected an instance of ${ErrorClass.name}, got ${inspect(error)}`,
      msg,
    );
  }
  const message = stripVTControlCharacters(error.message);
  const matches = msgMatches instanceof RegExp
    ? msgMatches.test(message)
    : message.includes(stripVTControlCharacters(msgMatches ?? ""));
  if (!matches) {
    failWith(
      `Expected the message ${inspect(message)} to show ${msgMatches}`,
      msg,
    );
  }
}

/** `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** `fn` throws an `ErrorClass` whose message includes `msgIncludes`; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    return expectedError(thrown, classOrMsg, msgIncludes, msg);
  }
  failWith(
    "Expected function to throw",
    typeof classOrMsg === "string" ? classOrMsg : msg,
  );
}

/** `fn` returns a promise that rejects; resolves with the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * `fn` returns a promise that rejects with an `ErrorClass` whose message includes `msgIncludes`.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const explanation = typeof classOrMsg === "string" ? classOrMsg : msg;
  const promise = promiseOf(fn, explanation);
  try {
    await promise;
  } catch (error) {
    return expectedError(error, classOrMsg, msgIncludes, msg);
  }
  failWith("Expected function to reject", explanation);
}

/** What `fn` returns. To throw, or to return no promise, is not to reject. */
function promiseOf(
  fn: () => PromiseLike<unknown>,
  msg: string | undefined,
): PromiseLike<unknown> {
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch (error) {
    failWith(
      `Function throws when expected to reject (${inspect(error)})`,
      msg,
    );
  }
  if (typeof promise?.then === "function") return promise;
  failWith(
    "Function throws when expected to reject (it returned no promise)",
    msg,
  );
}

function expectedError<E extends Error>(
  error: unknown,
  classOrMsg: ErrorClass<E> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): unknown {
  if (typeof classOrMsg === "function") {
    assertIsError(error, classOrMsg, msgIncludes, msg);
  }
  return error;
}
