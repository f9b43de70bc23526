/**
 * LoopingCall. Twisted's `test_task.py`, test by test:
 *
 * - LoopTests: testBasicFunction, testDelayedStart, testBadDelay, testStopAtOnce,
 *   testStoppingBeforeDelayedStart, test_reset, test_reprFunction: here.
 *   test_callbackTimeSkips, test_reactorTimeSkips, test_reactorTimeCountSkips,
 *   test_countLengthyIntervalCounts, test_withCountFloatingPointBoundary,
 *   test_withCountIntervalZero, test_withCountIntervalZeroDelay,
 *   test_withCountIntervalZeroDelayThenNonZeroInterval: looping_call_skips_test.ts.
 *   Not applicable:
 *   - test_defaultClock: no module reaches for the process's reactor, so there is no default
 *     ("LoopingCall.start() without a clock throws an error that explains how to pass one").
 *   - test_reprMethod: a JavaScript method has no reference to its class.
 *   - test_deferredDeprecation: `deferred` is not deprecated here.
 * - ReactorLoopTests, on a fake clock where Twisted has its reactor: testFailure, testFailAndStop,
 *   testEveryIteration, testStopAtOnceLater, testWaitDeferred, testFailurePropagation: here.
 *   test_deferredWithCount: looping_call_skips_test.ts.
 */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Deferred } from "../defer/deferred.ts";
import { CancelledError } from "../defer/errors.ts";
import { fail } from "../defer/fail.ts";
import { reportUnhandled } from "../defer/unhandled.ts";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import type { IDelayedCall } from "../reactor/interfaces/mod.ts";
import { Clock } from "./clock.ts";
import { LoopingCall } from "./looping_call.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

/** Returns a looping call on a clock of its own. */
function loopOn<A extends unknown[]>(
  clock: Clock,
  f: (...args: A) => unknown,
  ...args: A
): LoopingCall<A> {
  const loop = new LoopingCall(f, ...args);
  loop.clock = clock;
  return loop;
}

Deno.test("LoopingCall.start() calls at once and after each interval, with the arguments", () => {
  const clock = new Clock();
  const seen: [string, number][] = [];
  const loop = loopOn(clock, (a: string, b: number) => seen.push([a, b]), "a", 1);
  const ended = outcomes(loop.start(0.1));
  clock.pump([0.05, 0.1, 0.1]);
  assertEquals(seen, [["a", 1], ["a", 1], ["a", 1]]);
  assertEquals([loop.running, ended], [true, []]);
  loop.stop();
  assertStrictEquals(ended[0], loop);
  assertEquals([loop.running, clock.getDelayedCalls()], [false, []]);
});

Deno.test("LoopingCall.start(interval, false) waits an interval before the first call", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = loopOn(clock, () => times.push(clock.seconds()));
  const ended = loop.start(0.1, false);
  clock.pump([0.05, 0.1, 0.1]);
  assertEquals(times, [0.1, 0.2]);
  loop.stop();
  assertStrictEquals(successResultOf(ended), loop);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("LoopingCall.start() rejects an interval that is not at least 0 seconds", () => {
  const loop = loopOn(new Clock(), () => {});
  for (const interval of [-1, NaN, Infinity]) {
    assertThrows(() => loop.start(interval), RangeError, `${interval}`);
    assertThrows(() => loop.interval = interval, RangeError, "LoopingCall.interval");
  }
  assertEquals([loop.running, loop.interval], [false, null]);
});

Deno.test("LoopingCall.start() without a clock throws an error that explains how to pass one", () => {
  const loop = new LoopingCall(() => {});
  for (const options of [true, {}, { clock: undefined }]) {
    assertThrows(
      () => loop.start(1, options),
      Error,
      "it has no clock. Set its clock, or call start(1, { clock: reactor })",
    );
  }
  assertThrows(() => loop.start(1, false), Error, "call start(1, { now: false, clock: reactor })");
  assertEquals(loop.running, false);
});

Deno.test("LoopingCall.start() uses the clock of an earlier start() by default", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = new LoopingCall(() => times.push(clock.seconds()));
  loop.start(1, { clock, now: false });
  clock.advance(2);
  loop.stop();
  loop.start(3);
  clock.advance(3);
  loop.stop();
  assertEquals([times, loop.clock === clock], [[1, 2, 2, 5], true]);
});

Deno.test("LoopingCall() rejects a value that is not a function", () => {
  // @ts-expect-error: the types reject the argument, and so does the code.
  assertThrows(() => new LoopingCall("f"), TypeError, '"f"');
  // @ts-expect-error: the types reject the argument, and so does the code.
  assertThrows(() => LoopingCall.withCount(1), TypeError, "1");
});

Deno.test("LoopingCall.stop() before the first call leaves no timed call", () => {
  for (const interval of [0, 10]) {
    const clock = new Clock();
    let ran = 0;
    const loop = loopOn(clock, () => ran++);
    const ended = loop.start(interval, false);
    loop.stop();
    assertEquals(clock.getDelayedCalls(), []);
    clock.advance(20);
    assertEquals(ran, 0);
    assertStrictEquals(successResultOf(ended), loop);
  }
});

Deno.test("LoopingCall.stop() from another timed call prevents all later calls", () => {
  const clock = new Clock();
  let ran = 0;
  const loop = loopOn(clock, () => ran++);
  loop.start(1, false);
  clock.callLater(0, () => loop.stop());
  clock.advance(5);
  assertEquals(ran, 0);
});

Deno.test("LoopingCall.start() throws while running; stop() and reset() throw while stopped", () => {
  const loop = loopOn(new Clock(), () => {});
  assertThrows(() => loop.stop(), Error, "not running");
  assertThrows(() => loop.reset(), Error, "not running");
  loop.start(1);
  assertThrows(() => loop.start(1), Error, "already running");
  loop.stop();
  assertThrows(() => loop.stop(), Error, "Cannot stop LoopingCall<1>");
});

Deno.test("LoopingCall.reset() waits a whole interval from now", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = loopOn(clock, () => times.push(clock.seconds()));
  loop.start(2, false);
  clock.advance(1);
  loop.reset();
  clock.advance(1);
  assertEquals(times, []);
  clock.advance(4);
  assertEquals(times, [3, 5]);
});

Deno.test("LoopingCall.reset() during a call has no effect", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = loopOn(clock, () => {
    times.push(clock.seconds());
    loop.reset();
  });
  loop.start(2);
  clock.advance(4);
  assertEquals(times, [0, 2, 4]);
});

Deno.test("LoopingCall.interval takes effect with the next call", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = loopOn(clock, () => times.push(clock.seconds()));
  loop.start(2);
  loop.interval = 3;
  assertEquals(loop.interval, 3);
  clock.advance(9);
  assertEquals(times, [0, 2, 3, 6, 9]);
});

Deno.test("LoopingCall stops on an error of its function, and fails the Deferred of start()", () => {
  const clock = new Clock();
  const error = new Error("from the call");
  const loop = loopOn(clock, (limit: number) => {
    if (clock.seconds() >= limit) throw error;
  }, 0.2);
  const ended = loop.start(0.1);
  clock.advance(0.1);
  assertNoResult(ended);
  clock.advance(1);
  assertStrictEquals(failureResultOf(ended), error);
  assertEquals([loop.running, loop.deferred, clock.getDelayedCalls()], [false, null, []]);
});

Deno.test("LoopingCall.start() fails its Deferred on an error in the first call", () => {
  const error = new Error("from the call");
  const loop = loopOn(new Clock(), () => {
    throw error;
  });
  assertStrictEquals(failureResultOf(loop.start(0.1)), error);
});

Deno.test("LoopingCall.stop() within a call that throws fails the Deferred", () => {
  const error = new Error("from the call");
  const loop = loopOn(new Clock(), () => {
    loop.stop();
    throw error;
  });
  assertStrictEquals(failureResultOf(loop.start(0.1)), error);
  assertEquals(loop.running, false);
});

Deno.test("LoopingCall with an interval of 0 makes one call in each turn", () => {
  const clock = new Clock();
  let ran = 0;
  const loop = loopOn(clock, () => {
    if (++ran > 5) loop.stop();
  });
  const ended = loop.start(0);
  assertEquals(ran, 1);
  clock.advance(0);
  assertEquals(ran, 6);
  assertStrictEquals(successResultOf(ended), loop);
});

Deno.test("LoopingCall waits for the Deferred that the last call returned", () => {
  const clock = new Clock();
  const calls: Deferred<void>[] = [];
  const loop = loopOn(clock, () => {
    const call = new Deferred<void>();
    calls.push(call);
    return call;
  });
  loop.start(0.25);
  clock.pump([1, 1]);
  assertEquals([calls.length, clock.getDelayedCalls()], [1, []]);
  calls[0]?.callback();
  clock.advance(0.25);
  assertEquals(calls.length, 2);
});

Deno.test("LoopingCall.stop() during a call fires the Deferred after the call", () => {
  const clock = new Clock();
  const loop = loopOn(clock, () => {
    const call = new Deferred<void>();
    call.addCallback(() => loop.stop());
    clock.callLater(1, () => call.callback());
    return call;
  });
  const inCallback = loop.start(0.2);
  clock.pump([0.2, 0.8]);
  assertStrictEquals(successResultOf(inCallback), loop);
  assertEquals(clock.getDelayedCalls(), []);

  const pending = new Deferred<void>();
  const other = loopOn(clock, () => pending);
  const fromOutside = outcomes(other.start(1));
  other.stop();
  assertEquals([other.running, fromOutside], [false, []]);
  pending.callback();
  assertStrictEquals(fromOutside[0], other);
});

Deno.test("LoopingCall stops if the Deferred that a call returned fails", () => {
  const clock = new Clock();
  const error = new Error("later");
  const loop = loopOn(clock, () => {
    const call = new Deferred<void>();
    clock.callLater(0.3, () => call.errback(error));
    return call;
  });
  const ended = loop.start(1);
  clock.advance(0.3);
  assertStrictEquals(failureResultOf(ended), error);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("LoopingCall waits for promises as for Deferreds", async () => {
  const clock = new Clock();
  const { promise, resolve } = Promise.withResolvers<void>();
  let ran = 0;
  const loop = loopOn(clock, async () => {
    ran++;
    await promise;
    if (ran > 1) throw new Error("the second time");
  });
  const ended = loop.start(1);
  clock.advance(5);
  assertEquals(ran, 1);
  resolve();
  await promise;
  // The promise of an async function that has awaited it settles a few microtasks later.
  while (clock.getDelayedCalls().length === 0) await null;
  clock.advance(1);
  await assertRejects(() => ended, Error, "the second time");
});

Deno.test("LoopingCall.deferred is the Deferred of start() while running", () => {
  const loop = loopOn(new Clock(), () => {});
  assertEquals(loop.deferred, null);
  const started = loop.start(1);
  assertStrictEquals(loop.deferred, started);
  loop.stop();
  assertEquals(loop.deferred, null);
});

Deno.test("LoopingCall.start() works again after stop() or a failure", () => {
  const clock = new Clock();
  const times: number[] = [];
  const loop = loopOn(clock, () => {
    times.push(clock.seconds());
    if (times.length === 2) throw new Error("the second call");
  });
  outcomes(loop.start(1));
  clock.advance(1);
  assertEquals(loop.running, false);
  loop.start(5);
  clock.advance(5);
  loop.stop();
  loop.start(0.5, false);
  clock.advance(0.5);
  assertEquals(times, [0, 1, 1, 6, 6.5]);
});

Deno.test("LoopingCall may be stopped and restarted within a call of its function", () => {
  const clock = new Clock();
  const times: number[] = [];
  const ended: unknown[][] = [];
  const loop = loopOn(clock, () => {
    times.push(clock.seconds());
    if (times.length !== 2) return;
    loop.stop();
    ended.push(outcomes(loop.start(4)));
  });
  ended.push(outcomes(loop.start(1)));
  clock.advance(9);
  // There are two calls at 1; the second is the first call of the new run.
  assertEquals(times, [0, 1, 1, 5, 9]);
  assertEquals(ended.map((outcome) => outcome.length), [1, 0]);
});

Deno.test("LoopingCall.start() waits for the last call of the earlier run", () => {
  const clock = new Clock();
  const calls: Deferred<void>[] = [];
  const loop = loopOn(clock, () => {
    const call = new Deferred<void>();
    calls.push(call);
    return call;
  });
  const first = outcomes(loop.start(1));
  loop.stop();
  const second = loop.start(1);
  loop.stop();
  assertStrictEquals(successResultOf(second), loop); // its first call was never made
  loop.start(1, false);
  clock.advance(3);
  assertEquals([calls.length, first], [1, []]);
  calls[0]?.callback();
  assertEquals(calls.length, 2);
  assertStrictEquals(first[0], loop);
});

Deno.test("LoopingCall stops when the Deferred of start() is cancelled", () => {
  const clock = new Clock();
  const loop = loopOn(clock, () => {});
  const started = loop.start(1);
  started.cancel();
  failureResultOf(started, CancelledError);
  assertEquals([loop.running, clock.getDelayedCalls()], [false, []]);
});

Deno.test("LoopingCall stops when a signal cancels the Deferred of start()", () => {
  const clock = new Clock();
  const loop = loopOn(clock, () => {});
  const controller = new AbortController();
  const ended = loop.start(1).addSignal(controller.signal);
  clock.advance(1);
  controller.abort();
  failureResultOf(ended, CancelledError);
  assertEquals([loop.running, clock.getDelayedCalls()], [false, []]);
});

Deno.test("LoopingCall does not cancel a call in progress when start()'s Deferred is cancelled", () => {
  const errors: LogEvent[] = [];
  using _observing = addObserver((event) => errors.push(event), { level: "error", replay: false });
  for (const end of ["callback", "errback"] as const) {
    const clock = new Clock();
    const call = new Deferred<void>();
    const loop = loopOn(clock, () => call);
    const started = loop.start(1);
    outcomes(started);
    started.cancel();
    if (end === "callback") call.callback();
    else call.errback(new Error("after the cancellation"));
    assertEquals([loop.running, clock.getDelayedCalls()], [false, []]);
  }
  assertEquals(errors.map(({ failure }) => failure?.message), ["after the cancellation"]);
});

Deno.test("LoopingCall is stopped at the end of a `using` block", () => {
  const clock = new Clock();
  let ended: unknown[] = [];
  {
    using loop = loopOn(clock, () => {});
    ended = outcomes(loop.start(1));
  }
  assertEquals([ended.length, clock.getDelayedCalls()], [1, []]);
  {
    using _neverStarted = loopOn(clock, () => {});
  }
});

Deno.test("LoopingCall.toString() contains the interval, the function and its arguments", () => {
  function tick(_n: number, _name: string): void {}
  const loop = loopOn(new Clock(), tick, 1, "a");
  assertEquals(`${loop}`, 'LoopingCall<null>(tick(1, "a"))');
  loop.start(0.5);
  assertEquals(`${loop}`, 'LoopingCall<0.5>(tick(1, "a"))');
  assertEquals(`${new LoopingCall(() => {})}`, "LoopingCall<null>((anonymous)())");
  assertMatch(`${LoopingCall.withCount(function frames(): void {})}`, /\(frames\(\)\)$/);
});

/** A clock that makes every call a microsecond early, as a reactor may. */
class EarlyClock extends Clock {
  override callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    return super.callLater(Math.max(delay - 1e-6, 0), f, ...args);
  }
}

Deno.test("LoopingCall makes and counts each call once on a clock that calls too early", () => {
  const clock = new EarlyClock();
  let ran = 0;
  const counts: number[] = [];
  loopOn(clock, () => ran++).start(0.1, false);
  const counting = LoopingCall.withCount((count) => counts.push(count));
  counting.clock = clock;
  counting.start(0.1, false);
  clock.advance(10.05);
  assertEquals(ran, 100);
  assertEquals(counts, Array(100).fill(1));
});

Deno.test("LoopingCall makes one call per interval on a reactor", async () => {
  using time = new FakeTime();
  const reactor = new DenoReactor();
  const stopped = reactor.run({ installSignalHandlers: false });
  let ran = 0;
  const loop = new LoopingCall(() => ran++);
  loop.clock = reactor;
  loop.start(0.1);
  for (let ms = 1; ms <= 10_000; ms++) {
    time.tick(1);
    assertEquals(ran, 1 + Math.floor(ms / 100), `after ${ms} ms`);
  }
  loop.stop();
  reactor.stop();
  await stopped;
});

Deno.test("LoopingCall does not throw an error of its function into the clock", () => {
  const clock = new Clock();
  const loop = loopOn(clock, () => clock.seconds() > 0 ? fail(new Error("handled")) : undefined);
  const started = loop.start(1);
  clock.advance(5);
  assertEquals((outcomes(started)[0] as Error).message, "handled"); // the only outcome is an Error
});

Deno.test("LoopingCall is named in the log of an unhandled failure", () => {
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), {
    level: "error",
    replay: false,
  });
  const clock = new Clock();
  const loop = new LoopingCall(function poll(): never {
    throw new Error("no answer");
  });
  loop.clock = clock;
  loop.start(0.5);
  reportUnhandled();
  assertEquals(messages, ["Unhandled error in Deferred (LoopingCall<0.5>(poll()) failed)"]);
});
