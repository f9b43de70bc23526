import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Clock, deferLater } from "../task/mod.ts";
import { autoAdvance } from "./auto_advance.ts";
import { LoggedErrors } from "./logged_errors.ts";

/** Lets the host's loop turn. */
function turns(count = 3): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const turn = (left: number) => left === 0 ? resolve() : setImmediate(() => turn(left - 1));
  turn(count);
  return promise;
}

Deno.test("autoAdvance() moves the clock to each call while the test awaits", async () => {
  const clock = new Clock();
  const seen: number[] = [];
  for (const delay of [3600, 1, 86_400]) clock.callLater(delay, () => seen.push(clock.seconds()));
  using _advancing = autoAdvance(clock);
  await deferLater(clock, 1e6, () => {});
  assertEquals([...seen, clock.seconds()], [1, 3600, 86_400, 1e6]);
  await deferLater(clock, 0, () => {});
  assertEquals(clock.seconds(), 1e6);
});

Deno.test("autoAdvance() waits until promises have nothing to do", async () => {
  const clock = new Clock();
  using _advancing = autoAdvance(clock);
  clock.callLater(1, () => {});
  for (let i = 0; i < 1000; i++) await null;
  assertEquals(clock.seconds(), 0);
  await deferLater(clock, 1, () => {});
  assertEquals(clock.seconds(), 1);
});

Deno.test("autoAdvance() does not start or leave a timer on an idle clock", async () => {
  const clock = new Clock();
  using advancing = autoAdvance(clock);
  await turns();
  clock.callLater(5, () => {}).cancel();
  await turns();
  assertEquals(clock.seconds(), 0);
  clock.callLater(9, () => {});
  advancing[Symbol.dispose]();
  await turns();
  assertEquals(clock.seconds(), 0);
});

Deno.test("autoAdvance() continues with a call later than a cancelled one", async () => {
  const clock = new Clock();
  using _advancing = autoAdvance(clock);
  const cancelled = clock.callLater(1, () => {});
  cancelled.cancel();
  await deferLater(clock, 2, () => {});
  assertEquals(clock.seconds(), 2);
});

Deno.test("AutoAdvance.hold() makes the calls that are due, and holds the time", async () => {
  const clock = new Clock();
  using advancing = autoAdvance(clock);
  const hold = advancing.hold();
  let isLate = false;
  clock.callLater(1, () => isLate = true);
  await deferLater(clock, 0, () => {});
  await turns();
  assertEquals([clock.seconds(), isLate], [0, false]);
  hold[Symbol.dispose]();
  hold[Symbol.dispose]();
  await turns();
  assertEquals([clock.seconds(), isLate], [1, true]);
});

Deno.test("autoAdvance() logs the error of a call, and makes the next ones", async () => {
  using errors = new LoggedErrors();
  const clock = new Clock();
  using _advancing = autoAdvance(clock);
  clock.callLater(1, () => {
    throw new Error("simulated");
  });
  await deferLater(clock, 2, () => {});
  assertEquals(errors.take().map(({ message }) => message), ["simulated"]);
});

Deno.test("autoAdvance() with patience waits for genuine work", async () => {
  const clock = new Clock();
  using _advancing = autoAdvance(clock, { patience: 30 });
  let isLate = false;
  clock.callLater(1, () => isLate = true);
  for (let i = 0; i < 20; i++) await turns(1);
  assert(!isLate);
  await deferLater(clock, 0, () => {});
  assert(!isLate);
  const impatient = new Clock();
  using _other = autoAdvance(impatient, { patience: 0.001 });
  await deferLater(impatient, 60, () => {});
  assertThrows(() => autoAdvance(clock, { patience: -1 }), RangeError, "patience");
});

Deno.test("autoAdvance() works in faked time", async () => {
  const clock = new Clock();
  using _time = new FakeTime();
  using _advancing = autoAdvance(clock);
  await deferLater(clock, 5, () => {});
  assertEquals(clock.seconds(), 5);
});
