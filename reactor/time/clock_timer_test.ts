import { assertEquals } from "@std/assert";
import { Clock } from "../../task/clock.ts";
import { ReactorBase } from "../lifecycle/reactor_base.ts";
import { ClockTimer, clockTimer } from "./clock_timer.ts";

/** A timer on a clock, and a record of its calls, each with its time. */
class Fixture {
  readonly clock = new Clock();
  readonly calls: string[] = [];
  readonly timer = new ClockTimer(this.clock, this.recorder("wake"));

  recorder(name: string): () => void {
    return () => this.calls.push(`${name} ${this.clock.seconds()}`);
  }
}

Deno.test("ClockTimer.set() wakes once, at its time; a later call replaces the time", () => {
  const { clock, timer, calls } = new Fixture();
  timer.set(1);
  timer.set(2);
  clock.advance(10);
  assertEquals(calls, ["wake 2"]);
  timer.set(1);
  timer.clear();
  timer.setGenuine(3);
  clock.advance(10);
  assertEquals(calls, ["wake 2", "wake 13"]);
});

Deno.test("ClockTimer.set(Infinity) makes no call", () => {
  const { clock, timer } = new Fixture();
  timer.set(1);
  timer.set(Infinity);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("ClockTimer.soon() calls its functions at the same instant, in order, nested ones too", () => {
  const { clock, timer, calls } = new Fixture();
  timer.soon(() => {
    calls.push("first");
    timer.soon(() => calls.push("nested"));
  });
  timer.soon(() => calls.push("second"));
  assertEquals(calls, []);
  clock.advance(0);
  assertEquals(calls, ["first", "second", "nested"]);
});

Deno.test("ClockTimer.step() and the wake-up come after the functions that are pending", () => {
  const fixture = new Fixture();
  const { clock, timer, calls } = fixture;
  timer.set(0);
  timer.step(() => {
    calls.push("step");
    timer.soon(fixture.recorder("soon from the step"));
  });
  timer.step(fixture.recorder("second step"));
  timer.soon(fixture.recorder("soon"));
  clock.advance(0);
  assertEquals(calls, ["soon 0", "wake 0", "step", "soon from the step 0", "second step 0"]);
});

Deno.test("ClockTimer.timeout() returns a function that cancels the call", () => {
  const fixture = new Fixture();
  const { clock, timer, calls } = fixture;
  const cancel = timer.timeout(1, fixture.recorder("late"));
  timer.timeout(2, fixture.recorder("later"));
  cancel();
  cancel();
  clock.advance(2);
  assertEquals(calls, ["later 2"]);
});

class ClockReactor extends ReactorBase {
  constructor(clock: Clock) {
    const signalSource = { listen: () => {}, unlisten: () => {} };
    super({ signalSource, stopSignals: [], loopTimer: clockTimer(clock) });
  }
}

Deno.test("clockTimer() runs a reactor's timed calls in order, at their times", async () => {
  const clock = new Clock();
  const reactor = new ClockReactor(clock);
  const calls: number[] = [];
  const running = reactor.run();
  for (const delay of [0.3, 0.1, 7, 1e-3]) {
    reactor.callLater(delay, () => {
      assertEquals(reactor.seconds(), clock.seconds());
      calls.push(Math.round(clock.seconds() * 1e9) / 1e9);
    });
  }
  clock.advance(1);
  assertEquals(calls, [1e-3, 0.1, 0.3]);
  clock.advance(6);
  assertEquals(calls, [1e-3, 0.1, 0.3, 7]);
  reactor.stop();
  clock.advance(0);
  await running;
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("clockTimer() makes calls of callFromThread() and stop() at once when the clock moves", () => {
  const clock = new Clock();
  const reactor = new ClockReactor(clock);
  const calls: string[] = [];
  reactor.run();
  reactor.addSystemEventTrigger("after", "shutdown", () => calls.push("shutdown"));
  reactor.callFromThread(() => calls.push("from a thread"));
  clock.advance(0);
  assertEquals(calls, ["from a thread"]);
  reactor.stop();
  assertEquals(calls, ["from a thread"]);
  clock.advance(0);
  assertEquals(calls, ["from a thread", "shutdown"]);
});
