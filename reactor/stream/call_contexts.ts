/**
 * Contexts in which the methods of a connection's protocol are called, such as the span of the
 * connection for a tracer.
 *
 * @module
 */

/** Calls a function once, in a context, and returns its result. An error of it is thrown. */
export type RunInContext = (f: () => unknown) => unknown;

/** The contexts of connections. */
export class CallContexts {
  readonly #contexts = new WeakMap<object, RunInContext>();

  /** Sets the context of a connection, until it is lost. */
  set(connection: object, run: RunInContext): void {
    this.#contexts.set(connection, run);
  }

  /** Removes the context of a connection. */
  delete(connection: object): void {
    this.#contexts.delete(connection);
  }

  /** Calls a function in the context of a connection, if it has one. */
  run(connection: object, f: () => unknown): unknown {
    const run = this.#contexts.get(connection);
    return run === undefined ? f() : run(f);
  }

  /** Calls a method of an object in the context of a connection. */
  call<A extends unknown[]>(
    connection: object,
    target: object,
    method: (...args: A) => unknown,
    ...args: A
  ): unknown {
    return this.run(connection, () => method.apply(target, args));
  }
}

/** The contexts, from the first one on. A variable, because a call would be too slow. */
export let callContexts: CallContexts | null = null;

/** Returns the contexts, to which one is added. */
export function useCallContexts(): CallContexts {
  return callContexts ??= new CallContexts();
}
