/**
 * CooperativeTask: paused, resumed, stopped, completed, failed. Twisted's `test_cooperator.py`,
 * RunStateTests, each of which has a counterpart here: test_pauseResume, test_resumeNotPaused,
 * test_pauseTwice, test_pauseWhileDeferred, test_whenDone, test_whenDoneError, test_whenDoneStop,
 * test_whenDoneAlreadyDone, test_stopStops, test_pauseStopResume, test_stopDeferred,
 * test_stopExhausted, test_stopErrored, test_stopCooperatorReentrancy.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred } from "../defer/deferred.ts";
import { reportUnhandled } from "../defer/unhandled.ts";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { Clock } from "./clock.ts";
import type { CooperativeTask } from "./cooperative_task.ts";
import { Cooperator } from "./cooperator.ts";
import { NotPaused, SchedulerStopped, TaskDone, TaskFailed, TaskStopped } from "./errors.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

type Next = "count" | "defer" | "stop" | "die";

/** A task that the test controls: one step for each second of the clock. */
class Bench {
  readonly clock = new Clock();
  readonly cooperator = new Cooperator({
    // Rounds come a second apart, so one step of the clock is one round.
    scheduler: (round) => this.clock.callLater(1, round),
    terminationPredicateFactory: () => () => true,
  });
  readonly work: unknown[] = [];
  readonly error = new Error("from the worker");
  readonly iterator = this.#worker();
  readonly task: CooperativeTask<Generator<unknown, void>> = this.cooperator.cooperate(
    this.iterator,
  );
  next: Next = "count";
  left = 0;

  pump(): void {
    this.clock.advance(1);
  }

  *#worker(): Generator<unknown, void> {
    try {
      for (let i = 1;; i++) {
        const next = this.next;
        this.next = "count";
        if (next === "stop") return;
        if (next === "die") throw this.error;
        const piece = next === "defer" ? new Deferred<unknown>() : i;
        this.work.push(piece);
        yield piece;
      }
    } finally {
      this.left++;
    }
  }

  /** Returns the Deferred that the worker yielded last. */
  takeDeferred(): Deferred<unknown> {
    const last = this.work.pop();
    assertInstanceOf(last, Deferred);
    return last;
  }
}

Deno.test("CooperativeTask.pause() stops calls of next() until resume()", () => {
  const bench = new Bench();
  bench.pump();
  bench.pump();
  assertEquals(bench.work, [1, 2]);
  bench.task.pause();
  bench.pump();
  assertEquals(bench.work, [1, 2]);
  bench.task.resume();
  assertEquals(bench.work, [1, 2]); // not before its turn
  bench.pump();
  assertEquals(bench.work, [1, 2, 3]);
});

Deno.test("CooperativeTask.resume() throws NotPaused if the task is not paused", () => {
  const { task } = new Bench();
  assertThrows(() => task.resume(), NotPaused);
  task.pause();
  task.resume();
  assertThrows(() => task.resume(), NotPaused);
});

Deno.test("CooperativeTask.resume() must be called as often as pause()", () => {
  const bench = new Bench();
  for (const step of ["pause", "pause", "resume"] as const) {
    bench.task[step]();
    bench.pump();
    assertEquals(bench.work, []);
  }
  bench.task.resume();
  bench.pump();
  assertEquals(bench.work, [1]);
});

Deno.test("CooperativeTask.pause() during a wait continues after resume() and the Deferred", () => {
  for (const resumeFirst of [true, false]) {
    const bench = new Bench();
    bench.next = "defer";
    bench.pump();
    bench.pump();
    const waitedFor = bench.takeDeferred();
    bench.task.pause();
    if (resumeFirst) bench.task.resume();
    else waitedFor.callback("there");
    bench.pump();
    assertEquals(bench.work, []);
    if (resumeFirst) waitedFor.callback("there");
    else bench.task.resume();
    bench.pump();
    assertEquals(bench.work, [2]);
  }
});

Deno.test("CooperativeTask.resume() does not end the wait for a Deferred", () => {
  const bench = new Bench();
  bench.next = "defer";
  bench.pump();
  assertThrows(() => bench.task.resume(), NotPaused);
  bench.pump();
  assertEquals(bench.work.length, 1);
});

Deno.test("CooperativeTask.whenDone() returns a new Deferred, which fires with the iterator", () => {
  const bench = new Bench();
  const results: unknown[] = [];
  const finals = [1, 2].map((n) =>
    outcomes(
      bench.task.whenDone().addCallback((result) => {
        results.push(result);
        return n;
      }),
    )
  );
  bench.next = "stop";
  bench.pump();
  assertStrictEquals(results[0], bench.iterator);
  assertStrictEquals(results[1], bench.iterator);
  assertEquals(finals, [[1], [2]]);
});

Deno.test("CooperativeTask.whenDone() fails with the iterator's error", () => {
  const bench = new Bench();
  const seen = outcomes(bench.task.whenDone());
  bench.next = "die";
  bench.pump();
  assertStrictEquals(seen[0], bench.error);
  assertStrictEquals(failureResultOf(bench.task.whenDone()), bench.error);
});

Deno.test("CooperativeTask.whenDone() fails with TaskStopped after stop()", () => {
  const bench = new Bench();
  const outcome = bench.task.whenDone();
  bench.task.stop();
  failureResultOf(outcome, TaskStopped);
  failureResultOf(bench.task.whenDone(), TaskStopped);
});

Deno.test("CooperativeTask.whenDone() fires at once if the task has completed", () => {
  const bench = new Bench();
  bench.next = "stop";
  bench.pump();
  assertStrictEquals(successResultOf(bench.task.whenDone()), bench.iterator);
});

Deno.test("CooperativeTask.stop() stops the iterator; stop() and pause() then throw", () => {
  const bench = new Bench();
  bench.task.stop();
  bench.pump();
  assertThrows(() => bench.task.stop(), TaskStopped, "Cannot stop the task: it has been stopped");
  assertThrows(() => bench.task.pause(), TaskStopped, "Cannot pause");
  bench.pump();
  assertEquals([bench.work, bench.clock.getDelayedCalls()], [[], []]);
});

Deno.test("CooperativeTask.resume() of a stopped task does not continue its iterator", () => {
  const bench = new Bench();
  bench.task.pause();
  bench.task.stop();
  bench.task.resume();
  bench.pump();
  assertEquals(bench.work, []);
});

Deno.test("CooperativeTask.stop() during a wait for a Deferred prevents any later step", () => {
  const bench = new Bench();
  bench.next = "defer";
  bench.pump();
  const waitedFor = bench.takeDeferred();
  const seen = outcomes(waitedFor);
  bench.pump();
  bench.task.stop();
  bench.pump();
  waitedFor.callback(7);
  bench.pump();
  // The task has taken the result, as a running task does.
  assertEquals([seen, bench.work], [[undefined], []]);
});

Deno.test("CooperativeTask.stop() logs a later failure of the Deferred that it waits for", () => {
  const errors: LogEvent[] = [];
  using _observing = addObserver((event) => errors.push(event), { level: "error", replay: false });
  for (const end of ["errback", "cancel"] as const) {
    const bench = new Bench();
    bench.next = "defer";
    bench.pump();
    bench.task.stop();
    bench.takeDeferred()[end](bench.error);
  }
  assertEquals(errors.map(({ failure }) => failure?.message), ["from the worker"]);
});

Deno.test("CooperativeTask.stop() throws TaskDone if the task has completed", () => {
  const bench = new Bench();
  bench.next = "stop";
  bench.pump();
  assertThrows(() => bench.task.stop(), TaskDone, "Cannot stop the task: it has completed");
});

Deno.test("CooperativeTask.stop() throws TaskFailed, with the cause, if the task has failed", () => {
  const bench = new Bench();
  outcomes(bench.task.whenDone());
  bench.next = "die";
  bench.pump();
  const failed = assertThrows(() => bench.task.stop(), TaskFailed, "Cannot stop");
  assertStrictEquals(failed.cause, bench.error);
});

Deno.test("CooperativeTask.whenDone() callbacks may stop the cooperator", () => {
  const bench = new Bench();
  const phases: unknown[] = [];
  bench.task.whenDone().addCallback((result) => {
    phases.push(result);
    bench.cooperator.stop();
    phases.push("done");
  });
  bench.next = "stop";
  bench.pump();
  assertEquals(phases.length, 2);
  assertStrictEquals(phases[0], bench.iterator);
});

Deno.test("CooperativeTask methods throw SchedulerStopped if the cooperator was stopped", () => {
  const bench = new Bench();
  const outcome = bench.task.whenDone();
  bench.cooperator.stop();
  failureResultOf(outcome, SchedulerStopped);
  assertThrows(() => bench.task.pause(), SchedulerStopped, "with its Cooperator");
});

Deno.test("CooperativeTask.stop() runs the generator's finally blocks", () => {
  for (const next of ["count", "defer"] as const) {
    const bench = new Bench();
    bench.next = next;
    bench.pump();
    bench.task.stop();
    assertEquals(bench.left, 1);
  }
});

Deno.test("CooperativeTask runs the generator's finally blocks if a yielded Deferred fails", () => {
  const bench = new Bench();
  const seen = outcomes(bench.task.whenDone());
  bench.next = "defer";
  bench.pump();
  bench.takeDeferred().errback(bench.error);
  assertStrictEquals(seen[0], bench.error);
  assertEquals([bench.left, bench.clock.getDelayedCalls()], [1, []]);
});

Deno.test("CooperativeTask may be paused and stopped by its own iterator", () => {
  const { clock, cooperator } = new Bench();
  const seen: string[] = [];
  function* worker(): Generator<void> {
    try {
      seen.push("first");
      task.pause();
      yield;
      seen.push("resumed");
      task.stop();
      seen.push("still inside");
      yield;
      seen.push("never");
    } finally {
      seen.push("finally");
    }
  }
  const task = cooperator.cooperate(worker());
  clock.advance(9);
  assertEquals(seen, ["first"]);
  task.resume();
  clock.advance(9);
  assertEquals(seen, ["first", "resumed", "still inside", "finally"]);
});

Deno.test("CooperativeTask.stop() logs an error in a finally block", () => {
  const errors: LogEvent[] = [];
  using _observing = addObserver((event) => errors.push(event), { level: "error", replay: false });
  const { clock, cooperator } = new Bench();
  const task = cooperator.cooperate(function* (): Generator<unknown> {
    try {
      yield;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- the error in `finally` is the subject
      throw new Error("on the way out");
    }
  }());
  clock.advance(2);
  task.stop();
  assertEquals(errors.map(({ failure }) => failure?.message), ["on the way out"]);
});

Deno.test("CooperativeTask.whenDone() called after a failure prevents the failure's log line", () => {
  const bench = new Bench();
  bench.next = "die";
  bench.pump();
  assertStrictEquals(failureResultOf(bench.task.whenDone()), bench.error);
  assertStrictEquals(failureResultOf(bench.task.whenDone()), bench.error);
});

Deno.test("CooperativeTask is stopped at the end of a `using` block, unless it has completed", () => {
  const bench = new Bench();
  {
    using _task = bench.task;
  }
  assertThrows(() => bench.task.stop(), TaskStopped);
  {
    using _task = bench.task;
  }
});

Deno.test("CooperativeTask logs a failure if whenDone() is never called", () => {
  const errors: LogEvent[] = [];
  using _observing = addObserver((event) => errors.push(event), { level: "error", replay: false });
  (() => {
    const bench = new Bench();
    bench.next = "die";
    bench.pump();
  })();
  reportUnhandled();
  assertEquals(errors.map(({ failure }) => failure?.message), ["from the worker"]);
});
