/**
 * Cooperator. Twisted's `test_cooperator.py`, test by test:
 *
 * - CooperatorTests: testStoppedRejectsNewTasks, testStopRunning, testStopOutstanding,
 *   testUnexpectedError, testUnexpectedErrorActuallyLater, testUnexpectedErrorNotActuallyLater,
 *   testCooperation, testResourceExhaustion, testCallbackReCoiterate,
 *   test_removingLastTaskStopsScheduledCall, test_runningWhenStarted, test_runningWhenNotStarted,
 *   test_runningWhenRunning, test_runningWhenStopped: here.
 * - AliasTests: cooperate_test.ts
 * - RunStateTests: cooperative_task_test.ts
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Deferred } from "../defer/deferred.ts";
import { CancelledError } from "../defer/errors.ts";
import { fail } from "../defer/fail.ts";
import { succeed } from "../defer/succeed.ts";
import { Clock } from "./clock.ts";
import { Cooperator } from "./cooperator.ts";
import { SchedulerStopped } from "./errors.ts";
import { assertNoResult, failureResultOf, LoggedErrors } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

/** Returns a cooperator whose rounds come a second apart and have the given number of steps. */
function cooperatorOn(clock: Clock, pieces = Infinity): Cooperator {
  return new Cooperator({
    scheduler: (round) => clock.callLater(1, round),
    terminationPredicateFactory: () => {
      let left = pieces;
      return () => --left <= 0;
    },
  });
}

function* noting(values: Iterable<number>, output: number[]): Generator<unknown, void> {
  for (const value of values) yield output.push(value);
}

function* yielding(values: Iterable<unknown>): Generator<unknown, void> {
  yield* values;
}

Deno.test("Cooperator.cooperate() after stop() fails with SchedulerStopped", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  cooperator.stop();
  const given = new Deferred<Generator<unknown, void>>();
  const seen = [
    outcomes(cooperator.coiterate(yielding([]))),
    outcomes(cooperator.coiterate(yielding([]), given)),
    outcomes(cooperator.cooperate(yielding([])).whenDone()),
  ];
  for (const [error] of seen) assertInstanceOf(error, SchedulerStopped);
  assert(given.called);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("Cooperator.stop() stops a task before its iterator completes", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  let ran = 0;
  const outcome = cooperator.coiterate(function* (): Generator<unknown> {
    for (; ran < 3; ran++) yield;
  }());
  cooperator.stop();
  clock.advance(9);
  failureResultOf(outcome, SchedulerStopped);
  assertEquals([ran, clock.getDelayedCalls()], [0, []]);
});

Deno.test("Cooperator.stop() stops at once a task that waits for a Deferred", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  const outstanding = new Deferred<string>();
  let wentOn = false;
  const outcome = cooperator.coiterate(function* (): Generator<unknown> {
    yield outstanding;
    wentOn = true;
  }());
  clock.advance(1);
  assertNoResult(outcome);
  cooperator.stop();
  failureResultOf(outcome, SchedulerStopped);
  outstanding.callback("arglebargle");
  clock.advance(9);
  assertEquals(wentOn, false);
});

Deno.test("Cooperator.stop() stops ready, paused, waiting and newly added tasks", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock, 4);
  const tasks = [1, 2, 3, 4].map((n) =>
    cooperator.cooperate(yielding(n === 4 ? [new Deferred()] : [1, 2, 3]))
  );
  const seen = tasks.map((task) => outcomes(task.whenDone()));
  clock.advance(1);
  tasks[2]?.pause();
  tasks[0]?.whenDone().addErrback(() => {
    tasks[1]?.stop();
    seen.push(outcomes(cooperator.coiterate(yielding([1]))));
  });
  cooperator.stop();
  assertEquals(seen.map((outcome) => outcome.map((error) => (error as Error).name)), [
    ["SchedulerStopped"],
    ["TaskStopped"],
    ["SchedulerStopped"],
    ["SchedulerStopped"],
    ["SchedulerStopped"],
  ]);
});

Deno.test("Cooperator.coiterate() fails with the iterator's error", () => {
  const clock = new Clock();
  const error = new Error("unexpected");
  const later = new Deferred<void>();
  clock.callLater(2, () => later.errback(error));
  const cooperator = cooperatorOn(clock);
  const seen = [
    outcomes(cooperator.coiterate({
      next(): never {
        throw error;
      },
    })),
    outcomes(cooperator.coiterate(yielding([later]))),
    outcomes(cooperator.coiterate(yielding([fail(error)]))),
  ];
  clock.advance(1);
  assertEquals(seen, [[error], [], [error]]);
  clock.advance(1);
  assertEquals(seen, [[error], [error], [error]]);
});

Deno.test("Cooperator runs one step of each task in turn", () => {
  const clock = new Clock();
  const groups = ["abc", [1, 2, 3], "def", [4, 5, 6]].map((group) => [...group]);
  for (const pieces of [1, 3, Infinity]) {
    const cooperator = cooperatorOn(clock, pieces);
    const done: unknown[] = [];
    const tasks = groups.map((group) =>
      outcomes(cooperator.coiterate(function* (): Generator<unknown> {
        for (const thing of group) {
          done.push(thing);
          yield;
        }
      }()))
    );
    clock.advance(99);
    assertEquals(done.join(""), "a1d4b2e5c3f6");
    assertEquals(tasks.map((outcome) => outcome.length), [1, 1, 1, 1]);
  }
});

Deno.test("Cooperator does not give extra steps to a task that yields fired Deferreds", () => {
  const clock = new Clock();
  const done: string[] = [];
  const cooperator = cooperatorOn(clock);
  for (const [name, value] of [["a", undefined], ["b", succeed()], ["c", undefined]] as const) {
    cooperator.cooperate(function* (): Generator<unknown> {
      for (let i = 0; i < 3; i++) {
        done.push(name);
        yield value;
      }
    }());
  }
  clock.advance(1);
  assertEquals(done.join(""), "abcabcabc");
});

Deno.test("Cooperator stops a round when its predicate returns true, and schedules the next", () => {
  const clock = new Clock();
  const output: number[] = [];
  let predicates = 0;
  const cooperator = new Cooperator({
    scheduler: (round) => clock.callLater(1, round),
    terminationPredicateFactory: () => {
      predicates++;
      return () => output.length % 10 === 0;
    },
  });
  cooperator.cooperate(function* (): Generator<unknown> {
    for (let i = 0; i < 100; i++) {
      output.push(i);
      yield i;
    }
  }());
  assertEquals(predicates, 0);
  clock.advance(1);
  assertEquals([output.length, predicates], [10, 1]);
  clock.advance(2);
  assertEquals([output.length, predicates], [30, 3]);
  cooperator.stop();
});

Deno.test("Cooperator logs an error of its predicate once, then uses the default one", () => {
  using errors = new LoggedErrors();
  const clock = new Clock();
  const output: number[] = [];
  const cooperator = new Cooperator({
    scheduler: (round) => clock.callLater(1, round),
    terminationPredicateFactory: () => {
      throw new Error("the predicate's");
    },
  });
  cooperator.cooperate(noting([1, 2], output));
  clock.advance(9);
  assertEquals([output, clock.getDelayedCalls()], [[1, 2], []]);
  assertEquals(errors.take().map(({ message }) => message), ["the predicate's"]);
});

Deno.test("Cooperator schedules no second round if a callback adds a task", () => {
  const scheduled: (() => void)[] = [];
  const cooperator = new Cooperator({
    scheduler: (round) => {
      assertEquals(scheduled.length, 0);
      scheduled.push(round);
      return { cancel: () => scheduled.pop() };
    },
    terminationPredicateFactory: () => () => true,
  });
  const done: unknown[] = [];
  cooperator.coiterate(yielding([])).addCallback(() => {
    cooperator.coiterate(yielding([])).addBoth((outcome) => {
      done.push(outcome);
    });
  });
  for (let rounds = 0; done.length === 0; rounds++) {
    assert(rounds < 5);
    scheduled.shift()?.();
  }
  assertEquals(scheduled, []);
});

Deno.test("Cooperator cancels its scheduled round when the last task is gone", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  const tasks = [1, 2].map(() => cooperator.cooperate(yielding([1, 2])));
  const [call] = clock.getDelayedCalls();
  tasks[0]?.stop();
  assertEquals([call?.active(), clock.getDelayedCalls().length], [true, 1]);
  tasks[1]?.pause();
  assertEquals([call?.active(), clock.getDelayedCalls().length], [false, 0]);
  tasks[1]?.resume();
  assertEquals(clock.getDelayedCalls().length, 1);
  tasks[1]?.stop();
  assertEquals(clock.getDelayedCalls(), []);
  cooperator.cooperate(yielding([1, 2]));
  assertEquals(clock.getDelayedCalls().length, 1);
});

Deno.test("Cooperator.running is true between start() and stop()", () => {
  assertEquals(new Cooperator().running, true);
  const cooperator = new Cooperator({ started: false });
  assertEquals(cooperator.running, false);
  cooperator.start();
  assertEquals(cooperator.running, true);
  cooperator.stop();
  assertEquals(cooperator.running, false);
  {
    using _used = cooperator;
    cooperator.start();
  }
  assertEquals(cooperator.running, false);
});

Deno.test("Cooperator.start() starts tasks that were added before it", () => {
  const clock = new Clock();
  const cooperator = new Cooperator({
    started: false,
    scheduler: (round) => clock.callLater(0, round),
    terminationPredicateFactory: () => () => true,
  });
  const seen = outcomes(cooperator.coiterate(yielding([1])));
  clock.advance(9);
  assertEquals([seen, clock.getDelayedCalls()], [[], []]);
  cooperator.start();
  clock.advance(9);
  assertEquals(seen.length, 1);
});

Deno.test("Cooperator.start() after stop() accepts new tasks, and does not continue old ones", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  let ran = 0;
  outcomes(cooperator.coiterate(function* (): Generator<unknown> {
    yield ran++;
  }()));
  cooperator.stop();
  cooperator.start();
  const seen = outcomes(cooperator.coiterate(yielding([1])));
  clock.advance(9);
  assertEquals([ran, seen.length], [0, 1]);
});

Deno.test("Cooperator.coiterate() fires the given Deferred, or a new one, with the iterator", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  const iterator = yielding([1, 2]);
  const given = new Deferred<typeof iterator>();
  assertEquals(cooperator.coiterate(iterator, given), given);
  const seen = outcomes(given);
  clock.advance(1);
  assert(seen[0] === iterator);
});

Deno.test("Cooperator.coiterate() stops its task when its Deferred or an AbortSignal cancels it", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock, 1);
  const controller = new AbortController();
  let left = 0;
  function* worker(): Generator<void> {
    try {
      while (true) yield;
    } finally {
      left++;
    }
  }
  const cancelled = cooperator.coiterate(worker());
  const seen = [
    outcomes(cancelled),
    outcomes(cooperator.coiterate(worker()).addSignal(controller.signal)),
  ];
  clock.advance(4);
  cancelled.cancel();
  assertEquals(left, 1);
  controller.abort();
  for (const [error] of seen) assertInstanceOf(error, CancelledError);
  assertEquals([left, clock.getDelayedCalls()], [2, []]);
});

Deno.test("Cooperator.cooperate() throws for a value that is not an iterator", () => {
  const cooperator = cooperatorOn(new Clock());
  // @ts-expect-error: the types reject the argument, and so does the code.
  assertThrows(() => cooperator.cooperate([1, 2]), TypeError, "an object of class Array");
  // @ts-expect-error: the types reject the argument, and so does the code.
  assertThrows(() => cooperator.coiterate(null), TypeError, "null");
  // @ts-expect-error: the types reject the argument, and so does the code.
  assertThrows(() => new Cooperator({ scheduler: 1 }), TypeError, "scheduler must be a function");
});

Deno.test("Cooperator waits for a yielded promise while other tasks run", async () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock, 1);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const waiting = cooperator.coiterate(function* (): Generator<unknown> {
    seen.push("before");
    yield promise.then(() => seen.push("there"));
    seen.push("after");
    yield Promise.reject(new Error("a promise's"));
  }());
  cooperator.cooperate(function* (): Generator<unknown> {
    for (let i = 0; i < 2; i++) yield seen.push("other");
  }());
  clock.advance(9);
  assertEquals(seen, ["before", "other", "other"]);
  resolve();
  reject(); // has no effect any more
  await promise;
  while (clock.getDelayedCalls().length === 0) await null;
  const ended = outcomes(waiting);
  clock.advance(1);
  while (ended.length === 0) await null;
  assertEquals(seen.slice(3), ["there", "after"]);
  assertEquals((ended[0] as Error).message, "a promise's"); // the only outcome is an Error
});

Deno.test("Cooperator runs async iterators, one next() at a time", async () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  const seen: unknown[] = [];
  async function* pages(): AsyncGenerator<string> {
    for (const page of ["a", "b"]) {
      await null;
      seen.push(page);
      yield page;
    }
  }
  const iterator = pages();
  const ended = outcomes(cooperator.coiterate(iterator));
  const failed = outcomes(cooperator.coiterate({
    next: () => Promise.reject(new Error("no more pages")),
  }));
  while (ended.length === 0) {
    clock.advance(1);
    await null;
  }
  assertEquals(seen, ["a", "b"]);
  assert(ended[0] === iterator);
  assertEquals((failed[0] as Error).message, "no more pages"); // the only outcome is an Error
});

Deno.test("Cooperator.stop() runs an async generator's finally blocks after its await", async () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  const { promise, resolve } = Promise.withResolvers<void>();
  const left = Promise.withResolvers<string>();
  const task = cooperator.cooperate(async function* (): AsyncGenerator<unknown> {
    try {
      await promise;
      yield 1;
      left.reject(new Error("it continued"));
    } finally {
      left.resolve("left");
    }
  }());
  clock.advance(1);
  task.stop();
  resolve();
  assertEquals(await left.promise, "left");
});

Deno.test("Cooperator gives each task one step before any task's next step", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 12 });
  fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 20 }), (lengths, pieces) => {
    const clock = new Clock();
    const cooperator = cooperatorOn(clock, pieces);
    const done: [number, number][] = [];
    const ends = lengths.map((length, task) =>
      outcomes(cooperator.coiterate(function* (): Generator<unknown> {
        for (let step = 0; step < length; step++) {
          done.push([step, task]);
          // Some of the yielded Deferreds must be awaited, and fire in time.
          yield (step + task) % 3 === 0 ? succeed() : undefined;
        }
      }()))
    );
    clock.advance(1000);
    const expected = lengths.flatMap((length, task) =>
      Array.from({ length }, (_, step): [number, number] => [step, task])
    ).sort(([a, b], [c, d]) => a - c || b - d);
    assertEquals(done, expected);
    assert(ends.every((outcome) => outcome.length === 1));
    assertEquals(clock.getDelayedCalls(), []);
  }));
});

Deno.test("Cooperator has a constant cost per step for any number of tasks", () => {
  const clock = new Clock();
  const cooperator = cooperatorOn(clock);
  let steps = 0;
  for (let task = 0; task < 20_000; task++) {
    cooperator.cooperate(function* (): Generator<unknown> {
      for (let i = 0; i < 3; i++) yield steps++;
    }());
  }
  clock.advance(1);
  assertEquals(steps, 60_000);
});
