import type { Deferred } from "../defer/deferred.ts";
import type { CooperativeTask } from "./cooperative_task.ts";
import { Cooperator } from "./cooperator.ts";
import type { TaskIterator } from "./task_state.ts";

const processCooperator = new Cooperator();

/**
 * Runs an iterator step by step, in turn with all other iterators that were passed to this function
 * or to `coiterate()`. Twisted's `twisted.internet.task.cooperate`.
 *
 * All of them share a {@linkcode Cooperator} with default options: it works in rounds of 10 ms,
 * each in a separate turn of the host's event loop, whether or not a reactor is running. An
 * iterator that yields often enough never delays sockets and timers. Like a timer, unfinished work
 * keeps the process alive, until it completes, waits, is paused or is stopped.
 *
 * @param iterator The iterator: the object that a generator function or async generator function
 * returns, or any other iterator.
 * @returns The task, which can be paused, resumed, stopped and awaited.
 * @throws {TypeError} If the argument is not an iterator.
 *
 * @example
 * ```ts
 * import { cooperate } from "@torsion/reactor/task";
 *
 * function* checksum(bytes: Uint8Array): Generator<void, void> {
 *   let sum = 0;
 *   for (let i = 0; i < bytes.length; i++) {
 *     sum = (sum + (bytes[i] ?? 0)) % 65521;
 *     if (i % 4096 === 0) yield; // other tasks may run
 *   }
 *   console.log(sum);
 * }
 *
 * await cooperate(checksum(new Uint8Array(1_000_000))).whenDone();
 * ```
 */
export function cooperate<I extends TaskIterator>(iterator: I): CooperativeTask<I> {
  return processCooperator.cooperate(iterator);
}

/**
 * Runs an iterator as `cooperate()` does, and returns only a Deferred. Twisted's
 * `twisted.internet.task.coiterate`.
 *
 * @param iterator The iterator.
 * @returns A Deferred that fires with the iterator when it completes, or fails with its error.
 * Cancelling the Deferred stops the task.
 * @throws {TypeError} If the argument is not an iterator.
 *
 * @example
 * ```ts
 * import { deferLater, coiterate } from "@torsion/reactor/task";
 * import { DenoReactor } from "@torsion/reactor";
 *
 * const reactor = new DenoReactor();
 *
 * // One page after the other. The task waits for each Deferred that is yielded.
 * async function* pages(): AsyncGenerator<unknown> {
 *   for (const path of ["a.html", "b.html"]) {
 *     console.log(await Deno.readTextFile(path));
 *     yield deferLater(reactor, 1);
 *   }
 * }
 *
 * coiterate(pages()).addErrback((error) => console.error(error));
 * ```
 */
export function coiterate<I extends TaskIterator>(iterator: I): Deferred<I> {
  return processCooperator.coiterate(iterator);
}
