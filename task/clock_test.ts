/**
 * Clock. Twisted's `test_task.py`, ClockTests, test by test:
 *
 * - testSeconds, testCallLater, testCallLaterCancelled, test_callLaterOrdering, testAdvance,
 *   testAdvanceCancel, testCallLaterDelayed, testCallLaterResetLater, testCallLaterResetSooner,
 *   test_getDelayedCalls, test_getDelayedCallsEmpty, test_callLaterKeepsCallsOrdered,
 *   test_callLaterResetKeepsCallsOrdered, test_callLaterResetInsideCallKeepsCallsOrdered: here.
 * - test_providesIReactorTime: the compiler checks it ("Clock implements IReactorTime").
 */

import { assert, assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AlreadyCalled } from "../reactor/errors.ts";
import type { IReactorTime } from "../reactor/interfaces/mod.ts";
import { Clock } from "./clock.ts";

/** Returns a clock, and a function that records a name with the time. */
function noting(): { clock: Clock; seen: [string, number][]; note: (name: string) => void } {
  const clock = new Clock();
  const seen: [string, number][] = [];
  return { clock, seen, note: (name) => seen.push([name, clock.seconds()]) };
}

Deno.test("Clock starts at 0 seconds without scheduled calls", () => {
  const clock = new Clock();
  assertEquals(clock.seconds(), 0);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("Clock implements IReactorTime", () => {
  const clock: IReactorTime = new Clock();
  assertEquals(clock.seconds(), 0);
});

Deno.test("Clock.callLater() returns a new scheduled call each time", () => {
  const clock = new Clock();
  const late = clock.callLater(10, (_a: number, _b: string) => {}, 1, "2");
  const early = clock.callLater(1, () => {});
  assertEquals([late.getTime(), late.active()], [10, true]);
  assertNotStrictEquals(late, early);
  assertEquals(new Set(clock.getDelayedCalls()), new Set([late, early]));
});

Deno.test("Clock does not make a cancelled call", () => {
  const { clock, seen, note } = noting();
  const call = clock.callLater(1, note, "never");
  call.cancel();
  assertEquals([call.active(), clock.getDelayedCalls()], [false, []]);
  clock.advance(2);
  assertEquals(seen, []);
});

Deno.test("Clock.advance() makes the calls that become due, with their arguments", () => {
  const { clock, seen, note } = noting();
  const call = clock.callLater(2, note, "called");
  clock.advance(1);
  assertEquals(seen, []);
  clock.advance(1);
  assertEquals(seen, [["called", 2]]);
  assertEquals(call.active(), false);
});

Deno.test("DelayedCall.cancel() within its own call throws AlreadyCalled", () => {
  const clock = new Clock();
  let thrown = 0;
  const call = clock.callLater(1, () => {
    assertThrows(() => call.cancel(), AlreadyCalled);
    thrown++;
  });
  clock.advance(1);
  assertEquals(thrown, 1);
});

Deno.test("DelayedCall.delay() postpones a call by the given seconds", () => {
  const { clock, seen, note } = noting();
  const call = clock.callLater(1, note, "called");
  call.delay(1);
  assertEquals(call.getTime(), 2);
  clock.advance(1.5);
  assertEquals(seen, []);
  clock.advance(1);
  assertEquals(seen, [["called", 2]]);
});

Deno.test("DelayedCall.reset() reschedules a call to a later or an earlier time", () => {
  const { clock, seen, note } = noting();
  const later = clock.callLater(2, note, "later");
  const sooner = clock.callLater(8, note, "sooner");
  clock.advance(1);
  later.reset(3);
  sooner.reset(2);
  assertEquals([later.getTime(), sooner.getTime()], [4, 3]);
  clock.pump([1, 1, 1]);
  assertEquals(seen, [["sooner", 3], ["later", 4]]);
});

Deno.test("DelayedCall.reset() keeps the calls of a Clock in the order of their times", () => {
  for (const resetFirst of [true, false]) {
    const { clock, seen, note } = noting();
    const a = clock.callLater(1, note, "a");
    if (resetFirst) a.reset(3);
    clock.callLater(2, note, "b");
    if (!resetFirst) a.reset(3);
    clock.pump([1, 1, 1]);
    assertEquals(seen, [["b", 2], ["a", 3]]);
  }
});

Deno.test("DelayedCall.reset() works from within another call", () => {
  const { clock, seen, note } = noting();
  const b = clock.callLater(2, note, "b");
  clock.callLater(1, () => b.reset(3));
  clock.callLater(3, note, "c");
  clock.pump(Array(10).fill(0.5));
  assertEquals(seen, [["c", 3], ["b", 4]]);
});

Deno.test("Clock makes calls that are due at the same time in the order of callLater()", () => {
  const { clock, seen, note } = noting();
  clock.callLater(2, note, "first");
  clock.advance(1);
  clock.callLater(1, note, "second");
  clock.advance(1);
  assertEquals(seen, [["first", 2], ["second", 2]]);
});

Deno.test("Clock.seconds() within a call of advance() is the scheduled time of the call", () => {
  const { clock, seen, note } = noting();
  clock.callLater(3, note, "b");
  clock.callLater(1, () => {
    note("a");
    clock.callLater(1, note, "asked for by a");
  });
  clock.callLater(9, note, "too late");
  clock.advance(5);
  assertEquals(seen, [["a", 1], ["asked for by a", 2], ["b", 3]]);
  assertEquals(clock.seconds(), 5);
});

Deno.test("Clock.jump() first advances by the whole amount, then makes the due calls in order", () => {
  const { clock, seen, note } = noting();
  clock.callLater(3, note, "b");
  clock.callLater(1, () => {
    note("a");
    clock.callLater(0, note, "at once");
    clock.callLater(1, note, "a second after that");
  });
  clock.jump(5);
  assertEquals(seen, [["a", 5], ["b", 5], ["at once", 5]]);
  clock.jump(1);
  assertEquals(seen.at(-1), ["a second after that", 6]);
});

Deno.test("Clock.advance() makes a nested callLater(0) in the same advance()", () => {
  const { clock, seen, note } = noting();
  clock.callLater(1, () => clock.callLater(0, () => clock.callLater(0, note, "nested")));
  clock.advance(1);
  assertEquals(seen, [["nested", 1]]);
});

Deno.test("Clock.advance() includes the time by which a call itself advances the clock", () => {
  const { clock, seen, note } = noting();
  clock.callLater(1, () => clock.advance(4));
  clock.callLater(3, note, "in between");
  clock.callLater(7, note, "after");
  clock.advance(10);
  assertEquals(seen, [["in between", 3], ["after", 7]]);
  assertEquals(clock.seconds(), 10);
  clock.callLater(1, () => clock.advance(4));
  clock.advance(2);
  assertEquals(clock.seconds(), 15);
});

Deno.test("Clock.advance() and jump() throw a call's error, and later calls stay scheduled", () => {
  for (const move of ["advance", "jump"] as const) {
    const { clock, seen, note } = noting();
    clock.callLater(1, () => {
      throw new Error("from the call");
    });
    clock.callLater(1, note, "the same moment");
    clock.callLater(2, note, "later");
    assertThrows(() => clock[move](5), Error, "from the call");
    assertEquals(seen, []);
    assertEquals(clock.seconds(), move === "advance" ? 1 : 5);
    clock[move](5);
    assertEquals(seen.map(([name]) => name), ["the same moment", "later"]);
  }
});

Deno.test("Clock.pump() advances by each number of seconds in turn", () => {
  const { clock, seen, note } = noting();
  clock.callLater(0.5, note, "called");
  clock.pump(new Set([0.25, 0.5, 1]));
  assertEquals(clock.seconds(), 1.75);
  assertEquals(seen, [["called", 0.5]]);
});

Deno.test("Clock.advance() and jump() reject negative times and values that are not numbers", () => {
  const clock = new Clock();
  for (const move of ["advance", "jump"] as const) {
    for (const amount of [-1, NaN, Infinity, -Infinity]) {
      assertThrows(() => clock[move](amount), RangeError, `${move}() seconds`);
    }
    // @ts-expect-error: the types reject the argument, and so does the code.
    assertThrows(() => clock[move]("1"), TypeError, `${move}() seconds must be a number`);
  }
  assertThrows(() => clock.callLater(-1, () => {}), RangeError, "-1");
  assertEquals(clock.seconds(), 0);
});

Deno.test("Clock.advance() makes the same calls at the same times, in steps of any length", () => {
  const delays = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });
  const cuts = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 20 });
  fc.assert(fc.property(delays, cuts, (delays, cuts) => {
    const run = (steps: number[]): [string, number][] => {
      const { clock, seen, note } = noting();
      delays.forEach((delay, i) =>
        clock.callLater(delay / 4, () => {
          note(`call ${i}`);
          clock.callLater(delay % 3, note, `nested ${i}`);
        })
      );
      clock.pump(steps);
      return seen;
    };
    const end = 20;
    const steps = cuts.map((cut) => cut / 8);
    assertEquals(run([...steps, end]), run([end + steps.reduce((sum, step) => sum + step, 0)]));
  }));
});

Deno.test("Clock.jump() makes the same calls as advance(), and none before its time", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40 })), (delays) => {
    const made = (move: "advance" | "jump"): number[] => {
      const clock = new Clock();
      const order: number[] = [];
      delays.forEach((delay, i) =>
        clock.callLater(delay, () => {
          assert(clock.seconds() >= delay);
          order.push(i);
        })
      );
      for (let step = 0; step < 9; step++) clock[move](5);
      return order;
    };
    assertEquals(made("jump"), made("advance"));
  }));
});

Deno.test("Clock.advance() and jump() throw if the resulting time would be infinite", () => {
  for (const move of ["advance", "jump"] as const) {
    const clock = new Clock();
    clock[move](Number.MAX_VALUE);
    assertEquals(clock.seconds(), Number.MAX_VALUE);
    assertThrows(
      () => clock[move](Number.MAX_VALUE),
      RangeError,
      `${move}() seconds must result in a finite time`,
    );
    assertEquals(clock.seconds(), Number.MAX_VALUE);
  }
});
