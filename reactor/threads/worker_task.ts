/**
 * Tasks that know their types.
 *
 * @module
 */

import type { WorkerTask } from "../interfaces/mod.ts";
import { quote } from "../../internal/validation.ts";

/** The names under which a module `M` exports functions. */
export type TaskName<M> =
  & string
  & { [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never }[keyof M];

/**
 * What may be given for a parameter of type `P`. A function's result does not get back to the thread, so that one which the task wants
 * a result of may not be given.
 */
export type ThreadArgument<P> = P extends (...args: never[]) => infer R
  ? (void extends R ? P : never)
  : P;

/** What a task takes that calls a function of type `F`. */
export type ThreadArguments<F> = F extends (...args: infer A) => unknown
  ? { [I in keyof A]: ThreadArgument<A[I]> }
  : never;

/** What a task gives that calls a function of type `F`. */
export type ThreadOutcome<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A module whose functions are done by threads; see {@linkcode workerModule}. */
export interface WorkerModule<M> {
  /** The module's absolute URL. */
  readonly url: string;
  /**
   * The task of calling one of the module's functions.
   *
   * @param name The name under which the module exports it.
   * @returns The task, with the function's types.
   */
  task<K extends TaskName<M>>(
    name: K,
  ): WorkerTask<ThreadArguments<M[K & keyof M]>, ThreadOutcome<M[K & keyof M]>>;
}

/**
 * Names a module whose functions are done by threads.
 *
 * The module is imported by the threads alone: here only its types are. What its functions take and give is checked as if they were
 * called, so that a function which returns a promise gives what the promise does.
 *
 * In Twisted a callable is its own task.
 *
 * @typeParam M The type of the module: `typeof import("./sums.ts")`.
 * @param url The module's absolute URL: `new URL("./sums.ts", import.meta.url)`, or `"npm:…"`.
 * @returns What makes tasks of its exports.
 * @throws {TypeError} when the URL is not absolute.
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
 * The text of an absolute URL.
 *
 * @throws {TypeError} for anything else. A relative one says nothing in another thread.
 */
export function absoluteURL(url: unknown): string {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== "string" || !URL.canParse(text)) {
    throw new TypeError(`A task's module must be an absolute URL, got ${quote(text)}`);
  }
  return text;
}
