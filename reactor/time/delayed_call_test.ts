import { assertEquals, assertThrows } from "@std/assert";
import type { DelayedCall } from "./delayed_call.ts";
import { TimedCalls } from "./timed_calls.ts";
import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";

/** A clock that the test sets, with timed calls. */
class ClockFixture {
  now = 0;
  readonly #calls = new TimedCalls({ seconds: () => this.now });

  callLater(delay: number, f: () => void = () => {}): DelayedCall {
    return this.#calls.callLater(delay, f, []);
  }

  run(): void {
    this.#calls.runDue(this.now, (f) => void f());
  }
}

Deno.test("DelayedCall.toString() shows the function and delay, or the final state", () => {
  const clock = new ClockFixture();
  function ring(): void {}
  const call = clock.callLater(4, ring);
  assertEquals(String(call), "DelayedCall(ring in 4.000 s)");
  clock.now = 1;
  assertEquals(String(call), "DelayedCall(ring in 3.000 s)");
  clock.now = 4;
  clock.run();
  assertEquals(String(call), "DelayedCall(called)");
  const other = clock.callLater(1, ring);
  other.cancel();
  assertEquals(String(other), "DelayedCall(cancelled)");
});

Deno.test("DelayedCall.cancel(), delay() and reset() throw after the call or its cancellation", () => {
  const clock = new ClockFixture();
  const made = clock.callLater(0);
  const cancelled = clock.callLater(0);
  cancelled.cancel();
  clock.run();
  for (const action of ["cancel", "delay", "reset"] as const) {
    assertThrows(
      () => made[action](1),
      AlreadyCalled,
      `Cannot ${action} the timed call: it has already been made`,
    );
    assertThrows(
      () => cancelled[action](1),
      AlreadyCancelled,
      `Cannot ${action} the timed call: it has already been cancelled`,
    );
  }
});

Deno.test("DelayedCall.cancel() prevents the call", () => {
  const clock = new ClockFixture();
  const made: string[] = [];
  const call = clock.callLater(1, () => void made.push("cancelled"));
  assertEquals(call.active(), true);
  call.cancel();
  clock.now = 1;
  clock.run();
  assertEquals([call.active(), made], [false, []]);
});

Deno.test("DelayedCall.delay(), reset() and callLater() reject a time that is infinite", () => {
  const clock = new ClockFixture();
  const call = clock.callLater(1);
  call.delay(Number.MAX_VALUE);
  assertThrows(
    () => call.delay(Number.MAX_VALUE),
    RangeError,
    "delay() seconds must result in a finite time, got 1.7976931348623157e+308",
  );
  assertEquals([call.getTime(), call.active()], [Number.MAX_VALUE, true]);
  call.delay(-Number.MAX_VALUE);
  assertEquals(call.getTime(), 0);
  call.delay(-Number.MAX_VALUE);
  assertThrows(() => call.delay(-Number.MAX_VALUE), RangeError, "delay() seconds must result in");
  clock.now = Number.MAX_VALUE;
  assertThrows(() => call.reset(Number.MAX_VALUE), RangeError, "reset() seconds must result in");
  assertThrows(
    () => clock.callLater(Number.MAX_VALUE),
    RangeError,
    "callLater() delay must result in",
  );
});

Deno.test("DelayedCall.delay() with a large negative number makes the call due immediately", () => {
  const clock = new ClockFixture();
  const made: string[] = [];
  const call = clock.callLater(5, () => void made.push("moved"));
  clock.now = 2;
  call.delay(-100);
  clock.run();
  assertEquals(made, ["moved"]);
});
