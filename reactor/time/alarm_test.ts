import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Alarm } from "./alarm.ts";

/** Returns an alarm, and a function that returns how often it has woken. */
function countingAlarm(): { alarm: Alarm; count: () => number } {
  let woken = 0;
  return { alarm: new Alarm(() => woken++), count: () => woken };
}

Deno.test("Alarm.set() calls its function once, when the time is reached", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.set(4);
  time.tick(3999);
  assertEquals(count(), 0);
  time.tick(1);
  assertEquals(count(), 1);
  time.tick(10_000);
  assertEquals(count(), 1);
});

Deno.test("Alarm.set() with a delay of 0 or less calls its function at the next tick(0)", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  for (const seconds of [0, -1]) {
    alarm.set(seconds);
    time.tick(0);
  }
  assertEquals(count(), 2);
});

Deno.test("Alarm.set() replaces the previous time, earlier or later", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.set(1);
  alarm.set(3);
  time.tick(2000);
  assertEquals(count(), 0);
  alarm.set(0.5);
  time.tick(500);
  assertEquals(count(), 1);
  time.tick(5000);
  assertEquals(count(), 1);
});

Deno.test("Alarm.set() rounds up to milliseconds but ignores floating-point errors", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.set(0.0004);
  time.tick(0);
  assertEquals(count(), 0);
  time.tick(1);
  assertEquals(count(), 1);
  alarm.set(0.1 + 0.2);
  time.tick(300);
  assertEquals(count(), 2);
});

Deno.test("Alarm.set() limits a delay to the longest that the host supports", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  for (const seconds of [2 ** 31 / 1000, 1e12, Infinity]) {
    const before = count();
    alarm.set(seconds);
    time.tick(2 ** 31 - 2);
    assertEquals(count(), before);
    time.tick(1);
    assertEquals(count(), before + 1);
  }
});

Deno.test("Alarm.clear() prevents the wake-up, and does nothing if the alarm is not set", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.clear();
  alarm.set(1);
  alarm.clear();
  alarm.clear();
  time.tick(2000);
  assertEquals(count(), 0);
});

Deno.test("Alarm.set() may be called within the alarm's function", () => {
  using time = new FakeTime();
  let woken = 0;
  const alarm: Alarm = new Alarm(() => {
    if (++woken < 3) alarm.set(1);
  });
  alarm.set(1);
  time.tick(10_000);
  assertEquals(woken, 3);
});

Deno.test("Alarm.set() within a FakeTime moves an alarm that was set before it to faked time", () => {
  const { alarm, count } = countingAlarm();
  alarm.set(1000);
  using time = new FakeTime();
  // The leak check of this test would detect the genuine timer if it were still pending.
  alarm.set(1);
  time.tick(1000);
  assertEquals(count(), 1);
});

Deno.test("Alarm.set() after a FakeTime has ended moves its alarm to real time", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const alarm = new Alarm(resolve);
  {
    using _time = new FakeTime();
    alarm.set(1000);
  }
  alarm.set(0);
  await promise;
});

Deno.test("Alarm calls its function soon after its FakeTime has ended", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const alarm = new Alarm(resolve);
  {
    using _time = new FakeTime();
    alarm.set(Infinity);
  }
  await promise;
  alarm.clear();
});

Deno.test("Alarm.clear() accepts an alarm whose FakeTime has ended", () => {
  const { alarm, count } = countingAlarm();
  {
    using _time = new FakeTime();
    alarm.set(1);
  }
  alarm.clear();
  using time = new FakeTime();
  time.tick(5000);
  assertEquals(count(), 0);
});

Deno.test("Alarm.set() works under a second FakeTime", () => {
  const { alarm, count } = countingAlarm();
  {
    using _time = new FakeTime();
    alarm.set(1);
  }
  using time = new FakeTime();
  alarm.set(2);
  time.tick(1999);
  assertEquals(count(), 0);
  time.tick(1);
  assertEquals(count(), 1);
});

/** Moves `performance.now()` until disposal, as if the process had been suspended for `ms`. */
function suspendedFor(ms: number): Disposable {
  const before = performance.now.bind(performance);
  Object.assign(performance, { now: () => before() + ms });
  // Deleting the own property restores the method of the prototype.
  return { [Symbol.dispose]: () => void Reflect.deleteProperty(performance, "now") };
}

const nextTimer = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1));

Deno.test("Alarm calls its function after some more turns if the event loop is late", async () => {
  const { promise: woken, resolve } = Promise.withResolvers<void>();
  const events: string[] = [];
  const alarm = new Alarm(() => {
    events.push("woken");
    resolve();
  });
  alarm.set(0);
  using _ = suspendedFor(1000);
  for (let i = 0; i < 3; i++) await nextTimer();
  events.push("turns");
  await woken;
  assertEquals(events, ["turns", "woken"]);
});

Deno.test("Alarm.clear() and Alarm.set() apply while a late alarm waits for some turns", async () => {
  const { alarm, count } = countingAlarm();
  alarm.set(0);
  using _ = suspendedFor(1000);
  await nextTimer();
  await nextTimer();
  alarm.clear();
  for (let i = 0; i < 70; i++) await nextTimer();
  assertEquals(count(), 0);
  alarm.set(0);
  while (count() === 0) await nextTimer();
  assertEquals(count(), 1);
});

Deno.test("Alarm calls its function without more turns in faked time", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.set(1);
  using _ = suspendedFor(5000);
  time.tick(1000);
  assertEquals(count(), 1);
});
