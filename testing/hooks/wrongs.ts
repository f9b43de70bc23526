/**
 * Everything that user code can do wrong when the library calls it.
 *
 * @module
 */

/** One way to go wrong. */
export interface Wrong {
  /** The name, for the test that fails. */
  readonly name: string;
  /** Whether it is an error. The exception is a promise that never settles: it may only be waited for. */
  readonly fails: boolean;
  /** Whether the call itself throws, and does not return something that fails later. */
  readonly throws: boolean;
  /** Goes wrong. Stands in for a function of any type, so its result has every type. */
  readonly act: () => never;
}

/** A value that throws at every look, `instanceof` included. */
function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An error with the given properties replaced by getters that throw. */
function errorWithThrowingGetters(): Error {
  const error = new Error("simulated");
  for (const key of ["name", "message", "stack", "cause"]) {
    Object.defineProperty(error, key, {
      get(): never {
        throw new Error(`the getter of ${key} throws`);
      },
    });
  }
  return error;
}

function throws(name: string, makeValue: () => unknown): Wrong {
  const act = (): never => {
    throw makeValue();
  };
  return { name: `throws ${name}`, fails: true, throws: true, act };
}

function returns(name: string, makeValue: () => unknown, fails = true): Wrong {
  // Typed as never, because it stands in for functions that return a protocol, a string, a number.
  const act = (): never => makeValue() as never;
  return { name: `returns ${name}`, fails, throws: false, act };
}

/** All ways to go wrong. */
export const WRONGS: readonly Wrong[] = [
  throws("an Error", () => new Error("simulated")),
  throws("undefined", () => undefined),
  throws("null", () => null),
  throws("a symbol", () => Symbol("simulated")),
  throws("a frozen error", () => Object.freeze(new Error("simulated"))),
  throws("a revoked Proxy", revokedProxy),
  throws("an error whose getters throw", errorWithThrowingGetters),
  returns("a rejecting promise", () => Promise.reject(new Error("simulated"))),
  returns("a promise that rejects with a revoked Proxy", () => Promise.reject(revokedProxy())),
  returns("a thenable whose then() throws", () => ({
    then(): never {
      throw new Error("simulated");
    },
  })),
  returns("an object whose getter of then throws", () => ({
    get then(): never {
      throw new Error("simulated");
    },
  })),
  returns("a promise that never settles", () => new Promise(() => {}), false),
];
