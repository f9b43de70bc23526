import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { TimedCalls } from "./delayed_call.ts";
import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";

/** Timed calls on a clock that is set by hand, and what was made of them. */
class ConnectionFixture {
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
  const fixture = new ConnectionFixture();
  const got: unknown[] = [];
  fixture.calls.callLater(1, (...args: unknown[]) => got.push(...args), ["a", 2, null]);
  fixture.run(1);
  assertEquals(got, ["a", 2, null]);
});

Deno.test("TimedCalls tells when the earliest call comes nearer, and only then", () => {
  const fixture = new ConnectionFixture();
  fixture.ask(5, "a");
  assertEquals(fixture.sooner, 1);
  fixture.ask(6, "b");
  assertEquals(fixture.sooner, 1);
  const c = fixture.ask(4, "c");
  assertEquals(fixture.sooner, 2);
  c.reset(1);
  assertEquals(fixture.sooner, 3);
  c.delay(10);
  assertEquals(fixture.sooner, 3);
});

Deno.test("TimedCalls knows when the next call is due", () => {
  const fixture = new ConnectionFixture();
  assertEquals(fixture.calls.nextDue(), undefined);
  const a = fixture.ask(3, "a");
  fixture.ask(7, "b");
  assertEquals(fixture.calls.nextDue(), 3);
  a.delay(10);
  assertEquals(fixture.calls.nextDue(), 7);
  a.cancel();
  assertEquals(fixture.calls.nextDue(), 7);
});

Deno.test("TimedCalls makes a call asked for meanwhile behind those that are due, also by a rounding error", () => {
  const fixture = new ConnectionFixture();
  fixture.now = 0.1;
  fixture.calls.callLater(0.2, () => {
    fixture.made.push("a");
    fixture.ask(0, "asked for meanwhile");
  }, []);
  // 0.1 + 0.2 is a little more than 0.3.
  fixture.ask(0.2, "b");
  fixture.run(0.3);
  assertEquals(fixture.made, ["a", "b"]);
  fixture.run();
  assertEquals(fixture.made, ["a", "b", "asked for meanwhile"]);
});

Deno.test("TimedCalls lets an error out, and the rest stays due", () => {
  const fixture = new ConnectionFixture();
  fixture.calls.callLater(1, () => {
    throw new Error("boom");
  }, []);
  fixture.ask(1, "next");
  assertThrows(() => fixture.run(1), Error, "boom");
  assertEquals(fixture.made, []);
  fixture.run();
  assertEquals(fixture.made, ["next"]);
});

Deno.test("TimedCalls holds no memory for calls that were cancelled", () => {
  const fixture = new ConnectionFixture();
  fixture.ask(1e6, "kept");
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    fixture.ask(30 + i % 7, "cancelled").cancel();
    most = Math.max(most, fixture.calls.size);
  }
  assert(most < 1000, `${most} places were taken at a time`);
  assertEquals(fixture.calls.pending().length, 1);
});

Deno.test("TimedCalls takes calls that are put off again and again, and makes each once", () => {
  const fixture = new ConnectionFixture();
  const calls = Array.from({ length: 100 }, (_, i) => fixture.ask(1, `call ${i}`));
  for (let second = 1; second <= 50; second++) {
    fixture.now = second - 0.5;
    for (const call of calls) call.reset(1);
    fixture.run(second);
  }
  assertEquals(fixture.made, []);
  fixture.run(51);
  assertEquals(fixture.made, calls.map((_, i) => `call ${i}`));
});

Deno.test("DelayedCall says what it will call and when, and what became of it", () => {
  const fixture = new ConnectionFixture();
  function ring(): void {}
  const call = fixture.calls.callLater(4, ring, []);
  assertEquals(String(call), "DelayedCall(ring in 4.000 s)");
  fixture.now = 1;
  assertEquals(String(call), "DelayedCall(ring in 3.000 s)");
  fixture.run(4);
  const called = assertThrows(() => call.cancel(), AlreadyCalled);
  assertStringIncludes(called.message, "cancel");
  const other = fixture.calls.callLater(1, ring, []);
  other.cancel();
  assertThrows(() => other.reset(1), AlreadyCancelled, "reset");
  assertStringIncludes(String(other), "cancelled");
});

Deno.test("DelayedCall.delay(), reset() and callLater() refuse what leads to an infinite time", () => {
  const fixture = new ConnectionFixture();
  const call = fixture.ask(1, "far");
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
  fixture.now = Number.MAX_VALUE;
  assertThrows(() => call.reset(Number.MAX_VALUE), RangeError, "reset() seconds must lead to");
  assertThrows(
    () => fixture.ask(Number.MAX_VALUE, "x"),
    RangeError,
    "callLater() delay must lead to",
  );
});

Deno.test("TimedCalls knows a call that is due at the end of all numbers", () => {
  const fixture = new ConnectionFixture();
  fixture.ask(Number.MAX_VALUE, "last");
  assertEquals(fixture.calls.nextDue(), Number.MAX_VALUE);
  fixture.now = Number.MAX_VALUE;
  fixture.run();
  assertEquals(fixture.made, ["last"]);
});

Deno.test("DelayedCall.delay() that brings a call forward past now makes it due at once", () => {
  const fixture = new ConnectionFixture();
  const call = fixture.ask(5, "forward");
  fixture.now = 2;
  call.delay(-100);
  fixture.run();
  assertEquals(fixture.made, ["forward"]);
});
