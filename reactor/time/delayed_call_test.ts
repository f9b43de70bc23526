import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { TimedCalls } from "./delayed_call.ts";
import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";

/** Timed calls on a clock that is set by hand, and what was made of them. */
class Bed {
  now = 0;
  sooner = 0;
  readonly made: string[] = [];
  readonly calls = new TimedCalls({ seconds: () => this.now, sooner: () => this.sooner++ });

  ask(delay: number, name: string): ReturnType<TimedCalls["callLater"]> {
    return this.calls.callLater(delay, () => this.made.push(name), []);
  }

  run(now = this.now): void {
    this.now = now;
    // As the reactor does it; the functions here take what they were asked for with.
    this.calls.runDue(now + 1e-6, (f, args) => f(...args as never[]));
  }
}

Deno.test("TimedCalls passes the arguments on", () => {
  const bed = new Bed();
  const got: unknown[] = [];
  bed.calls.callLater(1, (...args: unknown[]) => got.push(...args), ["a", 2, null]);
  bed.run(1);
  assertEquals(got, ["a", 2, null]);
});

Deno.test("TimedCalls tells when the earliest call comes nearer, and only then", () => {
  const bed = new Bed();
  bed.ask(5, "a");
  assertEquals(bed.sooner, 1);
  bed.ask(6, "b");
  assertEquals(bed.sooner, 1);
  const c = bed.ask(4, "c");
  assertEquals(bed.sooner, 2);
  c.reset(1);
  assertEquals(bed.sooner, 3);
  c.delay(10);
  assertEquals(bed.sooner, 3);
});

Deno.test("TimedCalls knows when the next call is due", () => {
  const bed = new Bed();
  assertEquals(bed.calls.nextDue(), undefined);
  const a = bed.ask(3, "a");
  bed.ask(7, "b");
  assertEquals(bed.calls.nextDue(), 3);
  a.delay(10);
  assertEquals(bed.calls.nextDue(), 7);
  a.cancel();
  assertEquals(bed.calls.nextDue(), 7);
});

Deno.test("TimedCalls makes a call asked for meanwhile behind those that are due, also by a rounding error", () => {
  const bed = new Bed();
  bed.now = 0.1;
  bed.calls.callLater(0.2, () => {
    bed.made.push("a");
    bed.ask(0, "asked for meanwhile");
  }, []);
  // 0.1 + 0.2 is a little more than 0.3.
  bed.ask(0.2, "b");
  bed.run(0.3);
  assertEquals(bed.made, ["a", "b"]);
  bed.run();
  assertEquals(bed.made, ["a", "b", "asked for meanwhile"]);
});

Deno.test("TimedCalls lets an error out, and the rest stays due", () => {
  const bed = new Bed();
  bed.calls.callLater(1, () => {
    throw new Error("boom");
  }, []);
  bed.ask(1, "next");
  assertThrows(() => bed.run(1), Error, "boom");
  assertEquals(bed.made, []);
  bed.run();
  assertEquals(bed.made, ["next"]);
});

Deno.test("TimedCalls holds no memory for calls that were cancelled", () => {
  const bed = new Bed();
  bed.ask(1e6, "kept");
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    bed.ask(30 + i % 7, "cancelled").cancel();
    most = Math.max(most, bed.calls.size);
  }
  assert(most < 1000, `${most} places were taken at a time`);
  assertEquals(bed.calls.pending().length, 1);
});

Deno.test("TimedCalls takes calls that are put off again and again, and makes each once", () => {
  const bed = new Bed();
  const calls = Array.from({ length: 100 }, (_, i) => bed.ask(1, `call ${i}`));
  for (let second = 1; second <= 50; second++) {
    bed.now = second - 0.5;
    for (const call of calls) call.reset(1);
    bed.run(second);
  }
  assertEquals(bed.made, []);
  bed.run(51);
  assertEquals(bed.made, calls.map((_, i) => `call ${i}`));
});

Deno.test("DelayedCall says what it will call and when, and what became of it", () => {
  const bed = new Bed();
  function ring(): void {}
  const call = bed.calls.callLater(4, ring, []);
  assertEquals(String(call), "DelayedCall(ring in 4.000 s)");
  bed.now = 1;
  assertEquals(String(call), "DelayedCall(ring in 3.000 s)");
  bed.run(4);
  const called = assertThrows(() => call.cancel(), AlreadyCalled);
  assertStringIncludes(called.message, "cancel");
  const other = bed.calls.callLater(1, ring, []);
  other.cancel();
  assertThrows(() => other.reset(1), AlreadyCancelled, "reset");
  assertStringIncludes(String(other), "cancelled");
});

Deno.test("DelayedCall.delay(), reset() and callLater() refuse what leads to an infinite time", () => {
  const bed = new Bed();
  const call = bed.ask(1, "far");
  call.delay(Number.MAX_VALUE);
  assertThrows(
    () => call.delay(Number.MAX_VALUE),
    RangeError,
    "delay() seconds must lead to a finite time, got 1.7976931348623157e+308",
  );
  assertEquals([call.getTime(), call.active()], [Number.MAX_VALUE, true]);
  call.delay(-Number.MAX_VALUE);
  assertEquals(call.getTime(), 0);
  call.delay(-Number.MAX_VALUE);
  assertThrows(() => call.delay(-Number.MAX_VALUE), RangeError, "delay() seconds must lead to");
  bed.now = Number.MAX_VALUE;
  assertThrows(() => call.reset(Number.MAX_VALUE), RangeError, "reset() seconds must lead to");
  assertThrows(() => bed.ask(Number.MAX_VALUE, "x"), RangeError, "callLater() delay must lead to");
});

Deno.test("TimedCalls knows a call that is due at the end of all numbers", () => {
  const bed = new Bed();
  bed.ask(Number.MAX_VALUE, "last");
  assertEquals(bed.calls.nextDue(), Number.MAX_VALUE);
  bed.now = Number.MAX_VALUE;
  bed.run();
  assertEquals(bed.made, ["last"]);
});

Deno.test("DelayedCall.delay() that brings a call forward past now makes it due at once", () => {
  const bed = new Bed();
  const call = bed.ask(5, "forward");
  bed.now = 2;
  call.delay(-100);
  bed.run();
  assertEquals(bed.made, ["forward"]);
});
