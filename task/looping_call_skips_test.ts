/**
 * The times that a LoopingCall skips, and how it counts them. From Twisted's `test_task.py`,
 * LoopTests and ReactorLoopTests; looping_call_test.ts lists the files of their tests. Twisted's
 * `Clock.advance` moves to the end first, as `jump()` does here.
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Deferred } from "../defer/deferred.ts";
import { Clock } from "./clock.ts";
import { LoopingCall } from "./looping_call.ts";

/** Returns a looping call with a count, on the given clock. */
function countingOn(clock: Clock, f: (count: number) => unknown): LoopingCall {
  const loop = LoopingCall.withCount(f);
  loop.clock = clock;
  return loop;
}

Deno.test("LoopingCall skips the scheduled times that pass during a slow call", () => {
  const clock = new Clock();
  const times: number[] = [];
  let duration = 2;
  const loop = new LoopingCall(() => {
    times.push(clock.seconds());
    clock.advance(duration);
  });
  loop.clock = clock;
  loop.start(0.5);
  assertEquals([times, clock.seconds()], [[0], 2]);
  // At 2, the time 2 is the present and not in the future.
  clock.advance(0);
  assertEquals(times, [0]);
  duration = 1;
  clock.advance(0.5);
  assertEquals([times, clock.seconds()], [[0, 2.5], 3.5]);
  clock.advance(0);
  assertEquals(times, [0, 2.5]);
  duration = 0;
  clock.advance(0.5);
  assertEquals([times, clock.seconds()], [[0, 2.5, 4], 4]);
});

Deno.test("LoopingCall skips scheduled times that a late clock misses", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = new LoopingCall(() => times.push(clock.seconds()));
  loop.clock = clock;
  loop.start(0.5);
  clock.jump(2);
  assertEquals(times, [0, 2]);
  clock.jump(1);
  assertEquals(times, [0, 2, 3]);
  clock.jump(0);
  assertEquals(times, [0, 2, 3]);
});

Deno.test("LoopingCall skips no scheduled time on a punctual clock", () => {
  const clock = new Clock();
  const seen: [number, number][] = [];
  countingOn(clock, (count) => seen.push([clock.seconds(), count])).start(0.5);
  clock.advance(2);
  assertEquals(seen, [[0, 1], [0.5, 1], [1, 1], [1.5, 1], [2, 1]]);
});

Deno.test("LoopingCall.withCount() passes the number of calls due since the last call", () => {
  const clock = new Clock();
  const interval = 0.5;
  const delay = 0.01;
  const seen: [number, number][] = [];
  countingOn(clock, (count) => seen.push([clock.seconds(), count])).start(interval);
  assertEquals(seen, [[0, 1]]);
  clock.jump(interval + delay);
  assertEquals(seen.slice(1), [[interval + delay, 1]]);
  clock.jump(3 * interval + delay);
  assertEquals(seen.slice(2), [[4 * interval + 2 * delay, 3]]);
  clock.jump(0);
  assertEquals(seen.length, 3);
});

Deno.test("LoopingCall.withCount() does not count a call as skipped that is late", () => {
  const clock = new Clock();
  const interval = 0.5;
  const delay = 0.01;
  const seen: [number, number][] = [];
  countingOn(clock, (count) => seen.push([clock.seconds(), count])).start(interval);
  const steps = [interval + delay, interval * 1.75, interval * 0.25];
  for (const step of steps) clock.jump(step);
  assertEquals(seen.map(([, count]) => count), [1, 1, 1, 1]);
  for (const [i, intervals] of [0, 1, 2.75, 3].entries()) {
    assertAlmostEquals(seen[i]?.[0] ?? NaN, intervals * interval + (i && delay), 1e-9);
  }
});

for (const move of ["advance", "jump"] as const) {
  Deno.test(`LoopingCall.withCount() counts all intervals despite inexact fractions (${move})`, () => {
    for (const count of [3, 6, 7, 10, 11, 49, 100, 1000]) {
      const clock = new Clock();
      const counts: number[] = [];
      const interval = 1 / count;
      countingOn(clock, (n) => counts.push(n)).start(interval, false);
      let total = 0;
      for (let i = 0; i < count; i++) {
        clock[move](interval);
        total += interval;
      }
      // The sum of the steps may be a little less or more.
      if (total < 1) clock[move](1 - total);
      assert(clock.seconds() >= 1);
      assertEquals(counts.reduce((sum, n) => sum + n, 0), count, `in ${count} steps`);
      assert(!counts.includes(0));
    }
  });
}

Deno.test("LoopingCall accumulates no rounding error over a million calls", () => {
  const clock = new Clock();
  let ran = 0;
  let furthest = 0;
  const loop = new LoopingCall(() => {
    furthest = Math.max(furthest, Math.abs(clock.seconds() - ran * 0.1));
    ran++;
  });
  loop.clock = clock;
  loop.start(0.1);
  clock.advance(100_000);
  assertEquals(ran, 1_000_001);
  assert(furthest < 1e-10, `off by ${furthest} s`);
});

Deno.test("LoopingCall.withCount() with an interval of 0 always counts 1", () => {
  const clock = new Clock();
  const counts: number[] = [];
  const loop = countingOn(clock, (count) => {
    counts.push(count);
    if (counts.length > 4) loop.stop();
  });
  const ended = loop.start(0, false);
  clock.pump([0, 0, 0, 0, 0]);
  assertEquals(counts, [1, 1, 1, 1, 1]);
  assert(ended.called);
});

Deno.test("LoopingCall.withCount() with an interval of 0 counts 1 after a slow call", () => {
  const clock = new Clock();
  const slow = new Deferred<void>();
  const counts: number[] = [];
  const loop = countingOn(clock, (count) => {
    counts.push(count);
    if (counts.length > 4) loop.stop();
    return counts.length === 2 ? slow : undefined;
  });
  loop.start(0, false);
  clock.pump([0, 0]);
  assertEquals(counts, [1, 1]);
  clock.pump([1, 1]);
  assertEquals(counts, [1, 1]);
  slow.callback();
  clock.pump([0, 0, 0, 0]);
  assertEquals(counts, [1, 1, 1, 1, 1]);
});

Deno.test("LoopingCall.interval changed from 0 counts from the last call", () => {
  const clock = new Clock();
  const slow = new Deferred<void>();
  const counts: number[] = [];
  const loop = countingOn(clock, (count) => {
    counts.push(count);
    return counts.length === 2 ? slow : undefined;
  });
  loop.start(0, false);
  // Both calls are made at 1: the clock wakes late for the first, and the second follows at once.
  for (let second = 1; second <= 7; second++) clock.jump(1);
  assertEquals(counts, [1, 1]);
  loop.interval = 2;
  slow.callback();
  clock.jump(9);
  // At 16, the calls of 2, 4, ..., 16 are due.
  assertEquals(counts, [1, 1, 8]);
  clock.jump(2);
  assertEquals(counts, [1, 1, 8, 1]);
  clock.jump(4);
  assertEquals(counts, [1, 1, 8, 1, 2]);
});

Deno.test("LoopingCall.withCount() counts the calls that a slow call delayed", () => {
  const clock = new Clock();
  const slow = new Deferred<void>();
  const counts: number[] = [];
  countingOn(clock, (count) => {
    counts.push(count);
    return counts.length === 1 ? slow : undefined;
  }).start(0.2, false);
  assertEquals(counts, []);
  clock.pump([0.2, 0.4]);
  assertEquals(counts, [1]);
  slow.callback();
  clock.pump([0.2]);
  // The calls at 0.4 and 0.6 were missed.
  assertEquals(counts, [1, 3]);
});

Deno.test("LoopingCall.withCount() skips a call if a longer interval makes its count 0", () => {
  const clock = new Clock();
  const seen: [number, number][] = [];
  const loop = countingOn(clock, (count) => seen.push([clock.seconds(), count]));
  loop.start(1);
  loop.interval = 10;
  clock.advance(10);
  assertEquals(seen, [[0, 1], [10, 1]]);
});

Deno.test("LoopingCall.reset() restarts the interval, and keeps missed calls in withCount()", () => {
  const clock = new Clock();
  const counts: number[] = [];
  const loop = countingOn(clock, (count) => counts.push(count));
  loop.start(2);
  clock.advance(1);
  loop.reset();
  clock.advance(2);
  assertEquals(counts, [1, 1]);
});
