import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime, TimeError } from "@std/testing/time";

Deno.test("FakeTime starts at the given time, a number, text or Date", () => {
  for (const start of [5000, "1970-01-01T00:00:05Z", new Date(5000)]) {
    using time = new FakeTime(start);
    assertEquals([time.start, time.now, Date.now(), new Date().getTime()], [
      5000,
      5000,
      5000,
      5000,
    ]);
  }
});

Deno.test("FakeTime starts at the current time by default and refuses an invalid one", () => {
  const before = Date.now();
  const time = new FakeTime();
  time.restore();
  assert(time.start >= before && time.start <= Date.now());
  assertThrows(() => new FakeTime("no date"), TypeError, "invalid start time");
  assert(new Date() instanceof Date && Date.now() >= before);
});

Deno.test("FakeTime.restore() restores the original time functions", () => {
  const names = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;
  const before = names.map((name) => globalThis[name]);
  const timeout = AbortSignal.timeout;
  const untouched = [performance.now, queueMicrotask];

  const time = new FakeTime();
  names.forEach((name, index) => assert(globalThis[name] !== before[index], name));
  assert(AbortSignal.timeout !== timeout);
  assertEquals([performance.now, queueMicrotask], untouched);
  time.restore();
  names.forEach((name, index) => assert(globalThis[name] === before[index], name));
  assert(AbortSignal.timeout === timeout);
});

Deno.test("FakeTime() throws while another one is active; restore() throws the second time", () => {
  const time = new FakeTime();
  assertThrows(() => new FakeTime(), TimeError, "already faked");
  FakeTime.restore();
  assertThrows(() => time.restore(), TimeError, "already restored");
  assertThrows(() => FakeTime.restore(), TimeError, "already restored");
});

Deno.test("FakeTime functions throw when they are called after restore()", () => {
  const time = new FakeTime();
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  time.restore();
  assertThrows(() => setTimeout(() => {}, 1), TimeError);
  assertThrows(() => setInterval(() => {}, 1), TimeError);
  assertThrows(() => clearTimeout(1), TimeError);
  assertThrows(() => clearInterval(1), TimeError);
});

Deno.test("FakeTime.tick() fires timers synchronously, in order, each at its own time", () => {
  using time = new FakeTime(1000);
  const fired: [string, number][] = [];
  const note = (name: string): void => void fired.push([name, Date.now()]);
  setTimeout(note, 30, "c");
  setTimeout(note, 10, "a");
  setTimeout(note, 20, "b");
  setTimeout(note, 30, "d");
  setTimeout(note, 41, "late");
  time.tick(40);
  assertEquals(fired, [["a", 1010], ["b", 1020], ["c", 1030], ["d", 1030]]);
  assertEquals(time.now, 1040);
});

Deno.test("FakeTime.tick() fires a timer that is added within it and due by its end", () => {
  using time = new FakeTime(0);
  const fired: [string, number][] = [];
  const note = (name: string): void => void fired.push([name, Date.now()]);
  setTimeout(() => {
    note("first");
    setTimeout(note, 0, "now");
    setTimeout(note, 10, "at the end");
    setTimeout(note, 11, "too late");
  }, 10);
  setTimeout(note, 20, "older");
  time.tick(20);
  assertEquals(fired, [["first", 10], ["now", 10], ["older", 20], ["at the end", 20]]);
});

Deno.test("FakeTime.tick(0) fires timers without delay, also those that they add", () => {
  using time = new FakeTime(0);
  const fired: string[] = [];
  setTimeout(() => {
    fired.push("outer");
    setTimeout(() => fired.push("inner"), 0);
  });
  setTimeout(() => fired.push("negative"), -5);
  time.tick();
  assertEquals(fired, ["outer", "negative", "inner"]);
  assertEquals(time.now, 0);
});

Deno.test("setInterval() in faked time fires until it is cleared, also by its own callback", () => {
  using time = new FakeTime(0);
  const fired: number[] = [];
  const id = setInterval(() => {
    fired.push(Date.now());
    if (fired.length === 3) clearInterval(id);
  }, 10);
  time.tick(25);
  assertEquals(fired, [10, 20]);
  time.tick(100);
  assertEquals(fired, [10, 20, 30]);
});

Deno.test("setInterval() in faked time fires after a timer set earlier for the same time", () => {
  using time = new FakeTime(0);
  const fired: string[] = [];
  const id = setInterval(() => fired.push("interval"), 10);
  setTimeout(() => fired.push("timeout"), 20);
  time.tick(20);
  clearInterval(id);
  assertEquals(fired, ["interval", "timeout", "interval"]);
});

Deno.test("clearTimeout() in faked time stops a timer, and ignores unknown ids", () => {
  using time = new FakeTime(0);
  const fired: string[] = [];
  setTimeout(() => clearTimeout(second), 10);
  const second = setTimeout(() => fired.push("second"), 10);
  const third = setTimeout(() => fired.push("third"), 10);
  clearInterval(third);
  clearTimeout(undefined);
  clearTimeout(123_456);
  time.tick(10);
  assertEquals(fired, []);
});

Deno.test("setTimeout() in faked time rounds delays down to whole milliseconds", () => {
  using time = new FakeTime(0);
  const fired: number[] = [];
  setTimeout(() => fired.push(Date.now()), 10.9);
  setTimeout(() => fired.push(Date.now()), 2 ** 31 + 5);
  time.tick(0.5);
  assertEquals(Date.now(), 0.5);
  setTimeout(() => fired.push(Date.now()), 1);
  time.tick(1);
  assertEquals(fired, [1.5]);
  time.now = 10;
  assertEquals(fired, [1.5, 10]);
  assert(time.next());
  assertEquals(fired, [1.5, 10, 2 ** 31 + 5]);
});

Deno.test("FakeTime.now can only be set to a later time", () => {
  using time = new FakeTime(1000);
  let fired = 0;
  setTimeout(() => fired++, 500);
  time.now = 1500;
  assertEquals(fired, 1);
  assertThrows(() => time.now = 1499, RangeError, "1499");
  assertThrows(() => time.tick(-1), RangeError);
});

Deno.test("FakeTime.tick() stops at the time of a timer that throws", () => {
  using time = new FakeTime(0);
  const fired: number[] = [];
  setTimeout(() => {
    throw new RangeError("boom");
  }, 10);
  setTimeout(() => fired.push(Date.now()), 20);
  assertThrows(() => time.tick(100), RangeError, "boom");
  assertEquals([time.now, fired.length], [10, 0]);
  time.tick(10);
  assertEquals([time.now, ...fired], [20, 20]);
});

Deno.test("FakeTime.next() advances to the next timer and fires all timers of that time", () => {
  using time = new FakeTime(0);
  const fired: string[] = [];
  setTimeout(() => fired.push("a"), 10);
  setTimeout(() => fired.push("b"), 10);
  setTimeout(() => fired.push("c"), 11);
  clearTimeout(setTimeout(() => fired.push("never"), 5));
  assertEquals([time.next(), time.now, ...fired], [true, 10, "a", "b"]);
  assertEquals([time.next(), time.now, ...fired], [true, 11, "a", "b", "c"]);
  assertEquals([time.next(), time.now], [false, 11]);
});

Deno.test("FakeTime.runAll() fires all timers, also those that are added meanwhile", async () => {
  using time = new FakeTime(0);
  const fired: number[] = [];
  const again = (): void => {
    fired.push(Date.now());
    if (fired.length < 3) setTimeout(again, 100);
  };
  setTimeout(again, 100);
  time.runAll();
  assertEquals(fired, [100, 200, 300]);
  setTimeout(() => fired.push(Date.now()), 1);
  await time.runAllAsync();
  assertEquals(fired, [100, 200, 300, 301]);
});

Deno.test("FakeTime.tickAsync() and similar methods run pending microtasks first", async () => {
  using time = new FakeTime(0);
  const fired: string[] = [];
  Promise.resolve().then(() => setTimeout(() => fired.push("tick"), 10));
  await time.tickAsync(10);
  Promise.resolve().then(() => setTimeout(() => fired.push("next"), 10));
  assert(await time.nextAsync());
  Promise.resolve().then(() => fired.push("microtask"));
  await time.runMicrotasks();
  assertEquals(fired, ["tick", "next", "microtask"]);
  assertEquals(time.now, 20);
});

Deno.test("AbortSignal.timeout() aborts in faked time", () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(100);
  time.tick(99);
  assert(!signal.aborted);
  time.tick(1);
  assert(signal.aborted);
  assertEquals(signal.reason.name, "TimeoutError");
});

Deno.test("Date in faked time behaves as the original in all other respects", () => {
  using _time = new FakeTime(86_400_000);
  assert(new Date() instanceof Date);
  assertEquals(new Date(0).toISOString(), "1970-01-01T00:00:00.000Z");
  assertEquals(Date.UTC(1970, 0, 2), Date.now());
  assertEquals(Date.parse("1970-01-02T00:00:00Z"), Date.now());
  assertEquals(typeof (Date as unknown as () => string)(), "string");
});
