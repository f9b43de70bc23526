/**
 * Tasks that go wrong.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";

/** The ways in which a task may go wrong, by name. */
const WRONGS: Record<string, () => unknown> = {
  "throws undefined": () => raise(undefined),
  "throws null": () => raise(null),
  "throws a symbol": () => raise(Symbol("wrong")),
  "throws a function": () => raise(() => {}),
  "throws an object without a prototype": () => raise(Object.create(null)),
  "throws a revoked Proxy": () => raise(revoked()),
  "throws a frozen error": () => raise(Object.freeze(new Error("frozen"))),
  "throws an error whose getters throw": () => raise(booby(new Error("hidden"))),
  "throws an error with a revoked cause": () => raise(new Error("x", { cause: revoked() })),
  "throws an error with 20,000 causes": () => raise(nested(20_000)),
  "throws an error with an unclonable property": () =>
    raise(Object.assign(new Error("x"), { f: () => {} })),
  "throws an error with a symbol as its message": () =>
    raise(Object.defineProperty(new Error("x"), "message", { value: Symbol("m") })),
  "throws a Proxy of an error": () => raise(new Proxy(new Error("x"), throwingHandler())),
  "rejects": () => Promise.reject(undefined),
  "returns a function": () => () => {},
  "returns a symbol": () => Symbol("wrong"),
  "returns a revoked Proxy": () => revoked(),
  "returns an object whose getter throws": () => withGetter("wrong"),
  "returns a thenable that throws": () => ({ then: () => raise(null) }),
  "returns a thenable whose then throws when it is read": () => withGetter("then"),
  "returns a thenable that rejects with a thenable": () => ({
    then: (_: unknown, reject: (reason: unknown) => void) => reject({ then: () => {} }),
  }),
  "rejects a promise of nobody": () => {
    Promise.reject(revoked());
    return new Promise(() => {});
  },
  "throws a revoked Proxy in a timer": () => new Promise(() => setTimeout(() => raise(revoked()))),
  "closes the port to its parent and throws": () => {
    parentPort?.postMessage({ type: "result", value: "forged" });
    parentPort?.close();
    return raise(new Error("after all"));
  },
};

/** The names of the ways in which {@linkcode goWrong} goes wrong. */
export const wrongs: readonly string[] = Object.keys(WRONGS);

/** Goes wrong. */
export function goWrong(how: string): unknown {
  return WRONGS[how]?.();
}

/** A thenable that never settles. */
export function neverSettle(begun: () => void): PromiseLike<never> {
  begun();
  return { then: () => new Promise(() => {}) };
}

function raise(what: unknown): never {
  throw what;
}

function withGetter(key: string): object {
  return Object.defineProperty({}, key, { get: () => raise(Symbol(key)), enumerable: true });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function booby(error: Error): Error {
  for (const key of ["name", "message", "stack", "cause", "code"]) {
    Object.defineProperty(error, key, { get: () => raise(new Error("in a getter")) });
  }
  return error;
}

function nested(depth: number): Error {
  let error = new Error("0");
  for (let i = 1; i < depth; i++) error = new Error(`${i}`, { cause: error });
  return error;
}

function throwingHandler(): ProxyHandler<Error> {
  const trap = (): never => raise(Symbol("in a trap"));
  return { get: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap };
}
