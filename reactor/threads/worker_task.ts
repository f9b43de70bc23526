/**
 * Naming the tasks of threads with their types.
 *
 * @module
 */

import type { WorkerTask } from "../interfaces/mod.ts";
import { quote } from "../../internal/validation.ts";

/** The names under which a module of type `M` exports functions. */
export type TaskName<M> =
  & string
  & { [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never }[keyof M];

/**
 * The type of an argument that may be passed for a parameter of type `P`. Functions are allowed
 * only if the task ignores their result, because the result does not travel back to the thread.
 */
export type ThreadArgument<P> = P extends (...args: never[]) => infer R
  ? (void extends R ? P : never)
  : P;

/** The argument types of a task that calls a function of type `F`. */
export type ThreadArguments<F> = F extends (...args: infer A) => unknown
  ? { [I in keyof A]: ThreadArgument<A[I]> }
  : never;

/** The result type of a task that calls a function of type `F`, with promises resolved. */
export type ThreadOutcome<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A module whose functions run in threads; see {@linkcode workerModule}. */
export interface WorkerModule<M> {
  /** The absolute URL of the module. */
  readonly url: string;
  /**
   * Returns the task of calling one of the module's functions.
   *
   * @param name The name under which the module exports the function.
   * @returns A task with the types of the function.
   */
  task<K extends TaskName<M>>(
    name: K,
  ): WorkerTask<ThreadArguments<M[K & keyof M]>, ThreadOutcome<M[K & keyof M]>>;
}

/**
 * Names a module whose functions run in threads.
 *
 * Only the threads import the module; the caller uses its types alone. Arguments and results are
 * checked against the function's signature, and a function that returns a promise gives the
 * resolved value. In Twisted a task is a callable.
 *
 * @typeParam M The type of the module: `typeof import("./sums.ts")`.
 * @param url The absolute URL of the module: `new URL("./sums.ts", import.meta.url)`, or `"npm:…"`.
 * @returns The module, whose `task()` method names one of its exports.
 * @throws {TypeError} If the URL is not absolute.
 *
 * @example
 * ```ts
 * import { deferToThread, reactor, workerModule } from "@torsion/reactor";
 *
 * // In a program: workerModule<typeof import("./path.ts")>(new URL("./path.ts", import.meta.url))
 * const path = workerModule<typeof import("node:path")>("node:path");
 *
 * deferToThread(reactor, path.task("basename"), "/tmp/report.txt", ".txt")
 *   .addCallback((name) => console.log(name.toUpperCase())); // REPORT
 * ```
 */
export function workerModule<M>(url: string | URL): WorkerModule<M> {
  const module = absoluteURL(url);
  return { url: module, task: (name) => ({ module, export: name }) };
}

/**
 * Returns the text of an absolute URL.
 *
 * @throws {TypeError} If the value is not an absolute URL. A relative URL has no meaning in another
 *   thread.
 */
export function absoluteURL(url: unknown): string {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== "string" || !URL.canParse(text)) {
    throw new TypeError(`A task's module must be an absolute URL, got ${quote(text)}`);
  }
  return text;
}
