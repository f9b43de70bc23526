import { assertAlmostEquals, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { HostClock } from "./host_clock.ts";

const DAY = 24 * 60 * 60;

/** An upper limit for the duration of a test, in seconds. */
const SOON = 60;

/** Replaces `Date.now`, as if the wall clock had been set. */
function wallClock(now: () => number): Disposable {
  const original = Date.now;
  Date.now = now;
  return { [Symbol.dispose]: () => void (Date.now = original) };
}

Deno.test("HostClock.seconds() returns the time of performance.now()", () => {
  const clock = new HostClock();
  const before = performance.now() / 1000;
  const now = clock.seconds();
  assertGreaterOrEqual(now, before);
  assertGreaterOrEqual(performance.now() / 1000, now);
});

Deno.test("HostClock.seconds() does not follow steps of the wall clock", () => {
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

Deno.test("HostClock.seconds() under FakeTime moves only with tick()", () => {
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

Deno.test("HostClock.seconds() does not jump when a FakeTime of any date starts or ends", () => {
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

Deno.test("HostClock.seconds() includes the time that passed in a FakeTime that has ended", () => {
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

Deno.test("HostClock.seconds() is monotonic if a second FakeTime starts at an earlier date", () => {
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

Deno.test("HostClock.seconds() is monotonic if it is not read between two FakeTimes", () => {
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

Deno.test("HostClock.seconds() stands still when a fake Date steps back", () => {
  using _time = new FakeTime();
  const clock = new HostClock();
  const start = clock.seconds();
  const wall = Date.now();
  let now = wall;
  // Other fakes of time replace the whole Date class, as this one does.
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

Deno.test("HostClock.seconds() never goes back by a rounding error when a fake replaces another", () => {
  const original = globalThis.Date;
  let now = 0;
  const startFake = () =>
    globalThis.Date = new Proxy(original, {
      get: (date, name) => name === "now" ? () => now : Reflect.get(date, name),
    });
  try {
    // The time at which the first fake starts is arbitrary, so many clocks are tried.
    for (let step = 1; step <= 2000; step++) {
      const clock = new HostClock();
      startFake();
      clock.seconds();
      now += step;
      const before = clock.seconds();
      startFake();
      const after = clock.seconds();
      assertGreaterOrEqual(after, before);
      assertLess(after - before, 1e-9);
      startFake();
      assertEquals(clock.seconds(), after);
    }
  } finally {
    globalThis.Date = original;
  }
});
