/**
 * Scheduling: looping calls, cooperative tasks, waits, a program's main function, and a clock that
 * tests move by hand.
 *
 * The names are those of Twisted's `twisted.internet.task`. Each of them takes its clock as a
 * parameter: a reactor in a program, a {@linkcode Clock} in a test.
 *
 * @example
 * ```ts
 * import { Clock, LoopingCall } from "@torsion/reactor/task";
 *
 * const clock = new Clock();
 * const loop = new LoopingCall(() => console.log(clock.seconds()));
 * loop.clock = clock;
 * loop.start(0.5); // 0
 * clock.advance(1); // 0.5, 1
 * loop.stop();
 * ```
 *
 * @module
 */

export { Clock } from "./clock.ts";
export { coiterate, cooperate } from "./cooperate.ts";
export { CooperativeTask } from "./cooperative_task.ts";
export { Cooperator, type CooperatorOptions } from "./cooperator.ts";
export { deferLater } from "./defer_later.ts";
export * from "./errors.ts";
export { LoopingCall, type LoopingCallStartOptions, type LoopingClock } from "./looping_call.ts";
export { react, type ReactOptions } from "./react.ts";
export type { TaskIterator } from "./task_state.ts";
