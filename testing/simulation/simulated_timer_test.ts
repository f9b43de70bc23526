import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Process } from "./process.ts";
import { Schedule, SECOND } from "./schedule.ts";
import { MachineClock, SimulatedTimer } from "./simulated_timer.ts";

interface TimerFixture {
  readonly schedule: Schedule;
  readonly process: Process;
  readonly timer: SimulatedTimer;
  /** The times of the wake-ups, in microseconds. */
  readonly wakes: number[];
}

function makeTimer(drift = 0): TimerFixture {
  const schedule = new Schedule();
  const process = new Process(schedule, () => {});
  const wakes: number[] = [];
  const clock = new MachineClock(schedule, 0, drift);
  const timer = new SimulatedTimer(schedule, clock, process, () => wakes.push(schedule.now));
  return { schedule, process, timer, wakes };
}

Deno.test("MachineClock shows the virtual time, or one with a constant error of rate and offset", () => {
  const schedule = new Schedule();
  const [right, wrong] = [new MachineClock(schedule, 0, 0), new MachineClock(schedule, -500, 100)];
  schedule.advanceTo(10 * SECOND);
  assertEquals([right.microseconds(), right.wall()], [10_000_000, 10_000_000]);
  assertEquals([wrong.microseconds(), wrong.wall()], [10_001_000, 10_000_500]);
});

Deno.test("MachineClock.after() is never early, and at most 2 microseconds late", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 1e9 }),
      fc.nat({ max: 1e9 }),
      fc.integer({ min: -100_000, max: 100_000 }),
      (now, delay, drift) => {
        const schedule = new Schedule();
        const clock = new MachineClock(schedule, 0, drift);
        schedule.advanceTo(now);
        const before = clock.microseconds();
        schedule.advanceTo(clock.after(delay));
        const late = clock.microseconds() - before - delay;
        assert(late >= 0 && late <= 2, `${late}`);
      },
    ),
    { examples: [[228_652_578, 569_021_905, 83_259]], numRuns: 1000 },
  );
});

Deno.test("MachineClock never goes back", () => {
  fc.assert(fc.property(
    fc.integer({ min: -100_000, max: 100_000 }),
    fc.array(fc.nat({ max: 1000 }), { maxLength: 50 }),
    (drift, steps) => {
      const schedule = new Schedule();
      const clock = new MachineClock(schedule, 0, drift);
      let last = clock.microseconds();
      for (const step of steps) {
        schedule.advanceTo(schedule.now + step);
        assert(clock.microseconds() >= last);
        last = clock.microseconds();
      }
    },
  ));
});

Deno.test("SimulatedTimer.set() wakes exactly after the delay, for decimal fractions too", () => {
  for (const [delay, time] of [[0.07, 70_000], [0.1, 100_000], [1.1, 1_100_000], [0.0000001, 1]]) {
    const { schedule, timer, wakes } = makeTimer();
    timer.set(delay ?? 0);
    schedule.advanceTo(2 * SECOND);
    assertEquals(wakes, [time]);
  }
});

Deno.test("SimulatedTimer.set() replaces the wake-up, and clear() removes it", () => {
  const { schedule, timer, wakes } = makeTimer();
  timer.set(1);
  timer.set(2);
  timer.setGenuine(3);
  schedule.advanceTo(4 * SECOND);
  timer.set(1);
  timer.clear();
  timer.clear();
  assertEquals([wakes, schedule.size], [[3 * SECOND], 0]);
});

Deno.test("SimulatedTimer.set() of Infinity or of a huge delay leaves nothing that can happen", () => {
  for (const delay of [Infinity, 1e11, 1e300]) {
    const { schedule, timer } = makeTimer();
    timer.set(1);
    timer.set(delay);
    assertEquals([schedule.size, schedule.step()], [0, false]);
    timer.clear();
  }
});

Deno.test("SimulatedTimer.set(0) for ever lets the time pass", () => {
  const { schedule, process } = makeTimer();
  let turns = 0;
  const timer = new SimulatedTimer(schedule, new MachineClock(schedule, 0, 0), process, () => {
    turns++;
    timer.set(0);
  });
  timer.set(0);
  schedule.advanceTo(50);
  assert(turns > 100 && turns < 1000, String(turns));
});

Deno.test("SimulatedTimer with a drift wakes earlier or later, but never shows a time before", () => {
  for (const drift of [-100, 100]) {
    const { schedule, timer, wakes } = makeTimer(drift);
    timer.set(1000);
    schedule.advanceTo(1001 * SECOND);
    const error = (wakes[0] ?? 0) - 1000 * SECOND;
    assert(Math.sign(error) === -Math.sign(drift) && Math.abs(Math.abs(error) - 100_000) < 20);
  }
});

Deno.test("SimulatedTimer of a paused process wakes when it resumes, and of an ended one never", () => {
  const { schedule, process, timer, wakes } = makeTimer();
  timer.set(1);
  process.pause(process);
  schedule.advanceTo(5 * SECOND);
  assertEquals(wakes, []);
  process.resume();
  schedule.advanceTo(5 * SECOND);
  assertEquals(wakes, [5 * SECOND]);
  timer.set(1);
  timer.soon(() => wakes.push(0));
  process.end();
  schedule.advanceTo(10 * SECOND);
  assertEquals(wakes.length, 1);
});

Deno.test("SimulatedTimer.timeout() calls the function once, unless it is cancelled", () => {
  const { schedule, timer } = makeTimer();
  const calls: string[] = [];
  const cancel = timer.timeout(0.07, () => calls.push(`a${schedule.now}`));
  const cancelOther = timer.timeout(1, () => calls.push("b"));
  cancelOther();
  schedule.advanceTo(2 * SECOND);
  // The number of the event may belong to another one by now.
  schedule.at(3 * SECOND, () => calls.push("c"));
  cancel();
  cancelOther();
  schedule.advanceTo(4 * SECOND);
  assertEquals(calls, ["a70000", "c"]);
});

Deno.test("SimulatedTimer.soon() calls the function before the next event", () => {
  const { schedule, timer } = makeTimer();
  const calls: string[] = [];
  schedule.at(0, () => {
    timer.soon(() => calls.push("soon"));
    calls.push("event");
  });
  schedule.at(0, () => calls.push("next"));
  schedule.advanceTo(0);
  assertEquals(calls, ["event", "soon", "next"]);
});
