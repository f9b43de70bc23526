import { assertAlmostEquals, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { HostClock } from "./host_clock.ts";

const DAY = 24 * 60 * 60;

/** Seconds that a test surely takes less than. */
const SOON = 60;

/** Replaces `Date.now`, as a step of the wall clock would change what it gives. */
function wallClock(now: () => number): Disposable {
  const original = Date.now;
  Date.now = now;
  return { [Symbol.dispose]: () => void (Date.now = original) };
}

Deno.test("seconds() are those of performance.now()", () => {
  const clock = new HostClock();
  const before = performance.now() / 1000;
  const now = clock.seconds();
  assertGreaterOrEqual(now, before);
  assertGreaterOrEqual(performance.now() / 1000, now);
});

Deno.test("Steps of the wall clock, either way, do not move seconds()", () => {
  const clock = new HostClock();
  const before = clock.seconds();
  const wall = Date.now();
  for (const step of [DAY, -DAY]) {
    using _stepped = wallClock(() => wall + step * 1000);
    const now = clock.seconds();
    assertGreaterOrEqual(now, before);
    assertLess(now - before, SOON);
  }
});

Deno.test("Under FakeTime, seconds() stand still until tick(), and move by just that", () => {
  using time = new FakeTime();
  const clock = new HostClock();
  const start = clock.seconds();
  assertEquals(clock.seconds(), start);
  time.tick(4000);
  const later = clock.seconds();
  assertAlmostEquals(later - start, 4, 1e-9);
  time.tick(0);
  assertEquals(clock.seconds(), later);
});

Deno.test("seconds() go on where they were when a FakeTime of any date starts and ends", () => {
  for (const start of [0, Date.now(), Date.parse("2100-01-01")]) {
    const clock = new HostClock();
    const before = clock.seconds();
    {
      using time = new FakeTime(start);
      const faked = clock.seconds();
      assertGreaterOrEqual(faked, before);
      assertLess(faked - before, SOON);
      time.tick(1500);
      assertAlmostEquals(clock.seconds() - faked, 1.5, 1e-9);
    }
    const after = clock.seconds();
    assertGreaterOrEqual(after, before + 1.5);
    assertLess(after - before, SOON);
  }
});

Deno.test("What a FakeTime moved stays when it has ended, and the host's time counts from there", () => {
  const clock = new HostClock();
  const before = clock.seconds();
  {
    using time = new FakeTime();
    clock.seconds();
    time.tick(DAY * 1000);
    clock.seconds();
  }
  const after = clock.seconds();
  assertGreaterOrEqual(after, before + DAY);
  assertLess(after - before, DAY + SOON);
});

Deno.test("Two FakeTimes in a row, the second long before the first, are one time that goes forward", () => {
  const clock = new HostClock();
  const readings = [clock.seconds()];
  for (const start of ["2100-01-01", "1970-01-01"]) {
    using time = new FakeTime(start);
    readings.push(clock.seconds());
    time.tick(2000);
    readings.push(clock.seconds());
  }
  readings.push(clock.seconds());
  assertEquals(readings, readings.toSorted((a, b) => a - b));
  const total = (readings.at(-1) ?? NaN) - (readings[0] ?? NaN);
  assertGreaterOrEqual(total, 4);
  assertLess(total, 4 + SOON);
});

Deno.test("A clock that was not read between two FakeTimes does not go back", () => {
  const clock = new HostClock();
  const first = new FakeTime("2100-01-01");
  const before = clock.seconds();
  first.restore();
  using time = new FakeTime("1970-01-01");
  const after = clock.seconds();
  assertGreaterOrEqual(after, before);
  assertLess(after - before, SOON);
  time.tick(1000);
  assertAlmostEquals(clock.seconds() - after, 1, 1e-9);
});

Deno.test("A fake Date that steps back holds seconds() where they are, and they go on from there", () => {
  using _time = new FakeTime();
  const clock = new HostClock();
  const start = clock.seconds();
  const wall = Date.now();
  let now = wall;
  // A Date of its own, as other fakes of time bring one.
  const original = globalThis.Date;
  globalThis.Date = new Proxy(original, {
    get: (date, name) => name === "now" ? () => now : Reflect.get(date, name),
  });
  try {
    assertEquals(clock.seconds(), start);
    now = wall - 5000;
    assertEquals(clock.seconds(), start);
    now += 1000;
    assertAlmostEquals(clock.seconds(), start + 1, 1e-9);
  } finally {
    globalThis.Date = original;
  }
});
