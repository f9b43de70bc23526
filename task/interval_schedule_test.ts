// The arithmetic behind LoopingCall, where binary fractions are against it.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { IntervalSchedule } from "./interval_schedule.ts";

const start = fc.double({ min: 0, max: 1e10, noNaN: true });
const interval = fc.oneof(
  fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
  fc.constantFrom(0.1, 0.2, 0.3, 0.7, 1 / 3, 1, 60),
);
const early = fc.double({ min: 0, max: 1e-6, noNaN: true });

Deno.test("moments are the start plus whole intervals, each exactly one after the other", () => {
  fc.assert(fc.property(start, interval, early, (start, interval, early) => {
    const timetable = new IntervalSchedule(interval, start, true);
    assertEquals(timetable.count(start), 1);
    let now = start;
    for (let n = 1; n <= 50; n++) {
      const moment = start + n * interval;
      const due = now + timetable.next(now);
      // What a clock makes of a delay may be off by a rounding of the time.
      assert(Math.abs(due - moment) <= 2 * Number.EPSILON * moment, `${n}: ${due}, not ${moment}`);
      // The clock wakes a little early, as a reactor does, or on time.
      now = n % 2 === 0 ? due : due - early;
      assertEquals(timetable.count(now), 1);
    }
  }));
});

Deno.test("counts add up to the intervals that are over, however late each call is", () => {
  const lateness = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 30 });
  fc.assert(fc.property(start, interval, lateness, (start, interval, lateness) => {
    const timetable = new IntervalSchedule(interval, start, false);
    let now = start;
    let counted = 0;
    for (const late of lateness) {
      now += timetable.next(now) + late * interval;
      const count = timetable.count(now);
      assert(Number.isInteger(count) && count >= 1, `count ${count}`);
      counted += count;
      // Within a rounding of the time of the exact quotient.
      const slack = 8 * Number.EPSILON * now / interval;
      const over = (now - start) / interval;
      assert(counted <= over + slack && counted > over - 1 - slack, `${counted} of ${over}`);
    }
  }));
});

Deno.test("the next moment is in the future, and never the latest one again", () => {
  const timetable = new IntervalSchedule(0.1, 100.1, false);
  const first = 100.1 + timetable.next(100.1);
  // A microsecond early.
  const second = first - 1e-6 + timetable.next(first - 1e-6);
  assert(Math.abs(second - 100.3) < 1e-9, `${second}`);
});

Deno.test("an interval too small for the time is waited for as it is", () => {
  assertEquals(new IntervalSchedule(0.1, 1e17, false).next(1e17), 0.1);
});

Deno.test("with an interval of 0 the next moment is now, and counts are 1", () => {
  const timetable = new IntervalSchedule(0, 5, false);
  assertEquals([timetable.next(5), timetable.count(5), timetable.count(9)], [0, 1, 1]);
});

Deno.test("restart() begins a new timetable, and keeps what was missed on the old one", () => {
  const timetable = new IntervalSchedule(2, 0, true);
  assertEquals([timetable.count(0), timetable.next(0)], [1, 2]);
  timetable.restart(1);
  assertEquals([timetable.next(1), timetable.count(3)], [2, 1]);
  timetable.next(3);
  // The calls at 5 and 7 were never made.
  timetable.restart(8);
  assertEquals([timetable.next(8), timetable.count(10)], [2, 3]);
});
