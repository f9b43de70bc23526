// The arithmetic of LoopingCall, with intervals that have no exact binary fraction.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { IntervalSchedule } from "./interval_schedule.ts";

const start = fc.double({ min: 0, max: 1e10, noNaN: true });
const interval = fc.oneof(
  fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
  fc.constantFrom(0.1, 0.2, 0.3, 0.7, 1 / 3, 1, 60),
);
const early = fc.double({ min: 0, max: 1e-6, noNaN: true });

Deno.test("IntervalSchedule.next() returns each multiple of the interval once, in order", () => {
  fc.assert(fc.property(start, interval, early, (start, interval, early) => {
    const schedule = new IntervalSchedule(interval, start, true);
    assertEquals(schedule.count(start), 1);
    let now = start;
    for (let n = 1; n <= 50; n++) {
      const moment = start + n * interval;
      const due = now + schedule.next(now);
      // A clock may round the time of a delay.
      assert(Math.abs(due - moment) <= 2 * Number.EPSILON * moment, `${n}: ${due}, not ${moment}`);
      // The clock wakes a little early, as a reactor may, or on time.
      now = n % 2 === 0 ? due : due - early;
      assertEquals(schedule.count(now), 1);
    }
  }));
});

Deno.test("IntervalSchedule.count() sums up to the elapsed intervals, even for late calls", () => {
  const lateness = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 30 });
  fc.assert(fc.property(start, interval, lateness, (start, interval, lateness) => {
    const schedule = new IntervalSchedule(interval, start, false);
    let now = start;
    let counted = 0;
    for (const late of lateness) {
      now += schedule.next(now) + late * interval;
      const count = schedule.count(now);
      assert(Number.isInteger(count) && count >= 1, `count ${count}`);
      counted += count;
      // The number may differ from the exact quotient by a rounding of the time.
      const slack = 8 * Number.EPSILON * now / interval;
      const over = (now - start) / interval;
      assert(counted <= over + slack && counted > over - 1 - slack, `${counted} of ${over}`);
    }
  }));
});

Deno.test("IntervalSchedule.next() returns a future time, never the latest one again", () => {
  const schedule = new IntervalSchedule(0.1, 100.1, false);
  const first = 100.1 + schedule.next(100.1);
  // The clock is a microsecond early.
  const second = first - 1e-6 + schedule.next(first - 1e-6);
  assert(Math.abs(second - 100.3) < 1e-9, `${second}`);
});

Deno.test("IntervalSchedule.next() returns the interval if it is too small to change the time", () => {
  assertEquals(new IntervalSchedule(0.1, 1e17, false).next(1e17), 0.1);
});

Deno.test("IntervalSchedule with an interval of 0 has no delays, and counts of 1", () => {
  const schedule = new IntervalSchedule(0, 5, false);
  assertEquals([schedule.next(5), schedule.count(5), schedule.count(9)], [0, 1, 1]);
});

Deno.test("IntervalSchedule.restart() starts anew, and keeps the number of missed calls", () => {
  const schedule = new IntervalSchedule(2, 0, true);
  assertEquals([schedule.count(0), schedule.next(0)], [1, 2]);
  schedule.restart(1);
  assertEquals([schedule.next(1), schedule.count(3)], [2, 1]);
  schedule.next(3);
  // The calls at 5 and 7 were never made.
  schedule.restart(8);
  assertEquals([schedule.next(8), schedule.count(10)], [2, 3]);
});
