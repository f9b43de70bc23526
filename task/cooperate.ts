import type { Deferred } from "../defer/deferred.ts";
import type { CooperativeTask } from "./cooperative_task.ts";
import { Cooperator } from "./cooperator.ts";
import type { TaskIterator } from "./task_state.ts";

const processCooperator = new Cooperator();

/**
 * Works through an iterator, sharing the time with all others that were given to this function or to
 * `coiterate()`. Twisted's `twisted.internet.task.cooperate`.
 *
 * It is a {@linkcode Cooperator} with its defaults: rounds of 10 ms, each in a turn of its own of the
 * host's event loop, whether or not a reactor runs. A long piece of work that yields often enough
 * never holds up sockets and timers; it holds the process, as any timer does, until it is done,
 * waits, is paused or stopped.
 *
 * @param iterator What to work through: what a generator or async generator function returns, or
 * any other iterator.
 * @returns The task, to be paused, resumed, stopped and waited for.
 * @throws {TypeError} When it is not an iterator.
 *
 * @example
 * ```ts
 * import { cooperate } from "@torsion/reactor/task";
 *
 * function* checksum(bytes: Uint8Array): Generator<void, void> {
 *   let sum = 0;
 *   for (let i = 0; i < bytes.length; i++) {
 *     sum = (sum + (bytes[i] ?? 0)) % 65521;
 *     if (i % 4096 === 0) yield; // others may go on
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
 * Does what `cooperate()` does, and only tells when it is done. Twisted's
 * `twisted.internet.task.coiterate`.
 *
 * @param iterator What to work through.
 * @returns Fires with the iterator when that is exhausted, or fails. To cancel it stops the task.
 * @throws {TypeError} When it is not an iterator.
 *
 * @example
 * ```ts
 * import { deferLater, coiterate } from "@torsion/reactor/task";
 * import { DenoReactor } from "@torsion/reactor";
 *
 * const reactor = new DenoReactor();
 *
 * // One page after the other. What is yielded is waited for.
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
