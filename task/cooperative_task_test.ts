/**
 * One task: paused, resumed, stopped, done, failed. Twisted's `test_cooperator.py`, RunStateTests,
 * all of which have their counterpart here: test_pauseResume, test_resumeNotPaused, test_pauseTwice,
 * test_pauseWhileDeferred, test_whenDone, test_whenDoneError, test_whenDoneStop,
 * test_whenDoneAlreadyDone, test_stopStops, test_pauseStopResume, test_stopDeferred,
 * test_stopExhausted, test_stopErrored, test_stopCooperatorReentrancy.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Deferred } from "../defer/deferred.ts";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { Clock } from "./clock.ts";
import type { CooperativeTask } from "./cooperative_task.ts";
import { Cooperator } from "./cooperator.ts";
import { NotPaused, SchedulerStopped, TaskDone, TaskFailed, TaskStopped } from "./errors.ts";

/** What has come out of a Deferred, synchronously. It is consumed. */
function outcomes(deferred: Deferred<unknown>): unknown[] {
  const seen: unknown[] = [];
  deferred.addBoth((outcome) => {
    seen.push(outcome);
  });
  return seen;
}

type Next = "count" | "defer" | "stop" | "die";

/** One task that does as it is told, one piece of work each time the clock moves on. */
class Bench {
  readonly clock = new Clock();
  readonly cooperator = new Cooperator({
    // A second between rounds, so that one step of the clock is one round.
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

  /** The Deferred that the worker yielded last. */
  takeDeferred(): Deferred<unknown> {
    const last = this.work.pop();
    assertInstanceOf(last, Deferred);
    return last;
  }
}

Deno.test("a paused task does no work until it is resumed", () => {
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

Deno.test("resume() on a task that is not paused throws NotPaused", () => {
  const { task } = new Bench();
  assertThrows(() => task.resume(), NotPaused);
  task.pause();
  task.resume();
  assertThrows(() => task.resume(), NotPaused);
});

Deno.test("a task paused twice has to be resumed twice", () => {
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

Deno.test("a task paused while it waits for a Deferred waits for both", () => {
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

Deno.test("resume() does not end the wait for a Deferred", () => {
  const bench = new Bench();
  bench.next = "defer";
  bench.pump();
  assertThrows(() => bench.task.resume(), NotPaused);
  bench.pump();
  assertEquals(bench.work.length, 1);
});

Deno.test("whenDone() returns a new Deferred each time, which fires with the iterator", () => {
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

Deno.test("whenDone() fails with the error that came out of the iterator", () => {
  const bench = new Bench();
  const seen = outcomes(bench.task.whenDone());
  bench.next = "die";
  bench.pump();
  assertStrictEquals(seen[0], bench.error);
  assertStrictEquals(outcomes(bench.task.whenDone())[0], bench.error);
});

Deno.test("whenDone() fails with TaskStopped when the task is stopped", () => {
  const bench = new Bench();
  const seen = outcomes(bench.task.whenDone());
  bench.task.stop();
  assertInstanceOf(seen[0], TaskStopped);
  assertInstanceOf(outcomes(bench.task.whenDone())[0], TaskStopped);
});

Deno.test("whenDone() on a task that is done fires at once", () => {
  const bench = new Bench();
  bench.next = "stop";
  bench.pump();
  assertStrictEquals(outcomes(bench.task.whenDone())[0], bench.iterator);
});

Deno.test("a stopped task does no more work, and cannot be stopped or paused again", () => {
  const bench = new Bench();
  bench.task.stop();
  bench.pump();
  assertThrows(() => bench.task.stop(), TaskStopped, "Cannot stop a task that has been stopped");
  assertThrows(() => bench.task.pause(), TaskStopped, "Cannot pause");
  bench.pump();
  assertEquals([bench.work, bench.clock.getDelayedCalls()], [[], []]);
});

Deno.test("resume() on a task that was stopped while paused does nothing", () => {
  const bench = new Bench();
  bench.task.pause();
  bench.task.stop();
  bench.task.resume();
  bench.pump();
  assertEquals(bench.work, []);
});

Deno.test("a task stopped while it waits does not go on when what it waits for is there", () => {
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
  // The task has taken the result, as it would have if it had gone on.
  assertEquals([seen, bench.work], [[undefined], []]);
});

Deno.test("what a stopped task waited for is logged when it fails, unless it was cancelled", () => {
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

Deno.test("stop() on a task that is done throws TaskDone", () => {
  const bench = new Bench();
  bench.next = "stop";
  bench.pump();
  assertThrows(() => bench.task.stop(), TaskDone, "Cannot stop a task that is done");
});

Deno.test("stop() on a task that has failed throws TaskFailed with the error as its cause", () => {
  const bench = new Bench();
  outcomes(bench.task.whenDone());
  bench.next = "die";
  bench.pump();
  const failed = assertThrows(() => bench.task.stop(), TaskFailed, "Cannot stop");
  assertStrictEquals(failed.cause, bench.error);
});

Deno.test("a callback of whenDone() may stop the cooperator", () => {
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

Deno.test("a task of a stopped cooperator says so", () => {
  const bench = new Bench();
  const seen = outcomes(bench.task.whenDone());
  bench.cooperator.stop();
  assertInstanceOf(seen[0], SchedulerStopped);
  assertThrows(() => bench.task.pause(), SchedulerStopped, "with its Cooperator");
});

Deno.test("stop() runs the finally blocks of a generator, where it is and where it waits", () => {
  for (const next of ["count", "defer"] as const) {
    const bench = new Bench();
    bench.next = next;
    bench.pump();
    bench.task.stop();
    assertEquals(bench.left, 1);
  }
});

Deno.test("a failure of what a generator waits for runs its finally blocks", () => {
  const bench = new Bench();
  const seen = outcomes(bench.task.whenDone());
  bench.next = "defer";
  bench.pump();
  bench.takeDeferred().errback(bench.error);
  assertStrictEquals(seen[0], bench.error);
  assertEquals([bench.left, bench.clock.getDelayedCalls()], [1, []]);
});

Deno.test("a task may pause and stop itself", () => {
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

Deno.test("an error in a finally block that stop() runs is logged", () => {
  const errors: LogEvent[] = [];
  using _observing = addObserver((event) => errors.push(event), { level: "error", replay: false });
  const { clock, cooperator } = new Bench();
  const task = cooperator.cooperate(function* (): Generator<unknown> {
    try {
      yield;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- it is what this test is about
      throw new Error("on the way out");
    }
  }());
  clock.advance(2);
  task.stop();
  assertEquals(errors.map(({ failure }) => failure?.message), ["on the way out"]);
});

Deno.test("the first whenDone() after a failure takes over what would be logged as unhandled", () => {
  const bench = new Bench();
  bench.next = "die";
  bench.pump();
  assertStrictEquals(outcomes(bench.task.whenDone())[0], bench.error);
  assertStrictEquals(outcomes(bench.task.whenDone())[0], bench.error);
});

Deno.test("using stops the task with its block, unless it is over", () => {
  const bench = new Bench();
  {
    using _task = bench.task;
  }
  assertThrows(() => bench.task.stop(), TaskStopped);
  {
    using _task = bench.task;
  }
});

Deno.test("a failure of which nobody asked to be told is logged in the end", async () => {
  // With the flag set, each new context has a gc() that collects all that can be.
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const errors: LogEvent[] = [];
  using _observing = addObserver((event) => errors.push(event), { level: "error", replay: false });
  (() => {
    const bench = new Bench();
    bench.next = "die";
    bench.pump();
  })();
  for (let round = 0; round < 50 && errors.length === 0; round++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  assertEquals(errors.map(({ failure }) => failure?.message), ["from the worker"]);
});
