/**
 * All ways in which user code can fail when the library calls it.
 *
 * @module
 */

/** One way of failing. */
export interface Wrong {
  /** The name, for the message of a failed test. */
  readonly name: string;
  /**
   * Whether it is an error. A promise that never settles is not: the library can only wait for it.
   */
  readonly fails: boolean;
  /** Whether the call itself throws. With `false`, it returns a value that fails later. */
  readonly throws: boolean;
  /** Fails in this way. Its result is `never`, so that it can replace a function of any type. */
  readonly act: () => never;
}

/** Returns a value that throws whenever it is inspected, also by `instanceof`. */
function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Returns an error whose properties are getters that throw. */
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
  // Typed as `never`, because it replaces functions that return a protocol, a string or a number.
  const act = (): never => makeValue() as never;
  return { name: `returns ${name}`, fails, throws: false, act };
}

/** All ways of failing. */
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
