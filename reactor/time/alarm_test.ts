import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Alarm } from "./alarm.ts";

/** An alarm that counts. */
function countingAlarm(): { alarm: Alarm; count: () => number } {
  let woken = 0;
  return { alarm: new Alarm(() => woken++), count: () => woken };
}

Deno.test("set() wakes once, when the time has come and not before", () => {
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

Deno.test("set(0), and a time that is past, wake at the next tick(0)", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  for (const seconds of [0, -1]) {
    alarm.set(seconds);
    time.tick(0);
  }
  assertEquals(count(), 2);
});

Deno.test("set() takes the place of what was set before, earlier or later", () => {
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

Deno.test("A time is rounded up to a millisecond, but not for what binary fractions leave over", () => {
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

Deno.test("A time past the host's range wakes at its end, not at once", () => {
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

Deno.test("clear() keeps it from waking; twice, and before any set(), it does nothing", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.clear();
  alarm.set(1);
  alarm.clear();
  alarm.clear();
  time.tick(2000);
  assertEquals(count(), 0);
});

Deno.test("It can be set again while it wakes", () => {
  using time = new FakeTime();
  let woken = 0;
  const alarm: Alarm = new Alarm(() => {
    if (++woken < 3) alarm.set(1);
  });
  alarm.set(1);
  time.tick(10_000);
  assertEquals(woken, 3);
});

Deno.test("An alarm set before FakeTime is moved into it by set()", () => {
  const { alarm, count } = countingAlarm();
  alarm.set(1000);
  using time = new FakeTime();
  // What is left of it at the host, the leak check of this test would find.
  alarm.set(1);
  time.tick(1000);
  assertEquals(count(), 1);
});

Deno.test("An alarm set under FakeTime that has ended is moved to the host by set()", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const alarm = new Alarm(resolve);
  {
    using _time = new FakeTime();
    alarm.set(1000);
  }
  alarm.set(0);
  await promise;
});

Deno.test("An alarm whose FakeTime has ended wakes soon, by itself", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const alarm = new Alarm(resolve);
  {
    using _time = new FakeTime();
    alarm.set(Infinity);
  }
  await promise;
  alarm.clear();
});

Deno.test("clear() of an alarm whose FakeTime has ended lets it be: it could not wake any more", () => {
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

Deno.test("An alarm set under one FakeTime is set again under the next", () => {
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

/** Moves `performance.now()` until it is disposed of, as if the process had been stopped for so long. */
function stoppedFor(ms: number): Disposable {
  const before = performance.now.bind(performance);
  Object.assign(performance, { now: () => before() + ms });
  // Uncovers the method of the prototype.
  return { [Symbol.dispose]: () => void Reflect.deleteProperty(performance, "now") };
}

const nextTimer = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1));

Deno.test("Alarm wakes after some turns of the loop when the loop has overslept", async () => {
  const { promise: woken, resolve } = Promise.withResolvers<void>();
  const events: string[] = [];
  const alarm = new Alarm(() => {
    events.push("woken");
    resolve();
  });
  alarm.set(0);
  using _ = stoppedFor(1000);
  for (let i = 0; i < 3; i++) await nextTimer();
  events.push("turns");
  await woken;
  assertEquals(events, ["turns", "woken"]);
});

Deno.test("Alarm.clear() and Alarm.set() apply while an overslept alarm waits", async () => {
  const { alarm, count } = countingAlarm();
  alarm.set(0);
  using _ = stoppedFor(1000);
  await nextTimer();
  await nextTimer();
  alarm.clear();
  for (let i = 0; i < 70; i++) await nextTimer();
  assertEquals(count(), 0);
  alarm.set(0);
  while (count() === 0) await nextTimer();
  assertEquals(count(), 1);
});

Deno.test("Alarm does not wait in faked time, however late its timer is", () => {
  using time = new FakeTime();
  const { alarm, count } = countingAlarm();
  alarm.set(1);
  using _ = stoppedFor(5000);
  time.tick(1000);
  assertEquals(count(), 1);
});
