/**
 * TimerService. Twisted's `application/test/test_internet.py`, `TimerServiceTests`, and
 * `test/test_application.py`, `TimerBasicTests` and `InternetTests.testBrokenTimer`, test by test,
 * on a fake clock: all but
 *
 * - test_startServiceUsesGlobalReactor: the clock must be set, because the process's reactor is not
 *   a default;
 * - test_pickleTimerServiceNotPickleLoop, test_pickleTimerServiceNotPickleLoopFinished,
 *   testPickledTimer: services are not pickled.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { addObserver, type LogEvent } from "../../log/mod.ts";
import { Clock } from "../../task/mod.ts";
import { TimerService } from "./mod.ts";
import { LoggedErrors, successResultOf } from "../../testing/mod.ts";
import { outcomes } from "../../testing/fixtures/outcomes.ts";

/** A service that calls every 2 seconds, records the times, and returns the result of `answer`. */
function timerOn(clock: Clock, answer: () => unknown = () => {}): [TimerService, number[]] {
  const calls: number[] = [];
  const timer = new TimerService(2, () => {
    calls.push(clock.seconds());
    return answer();
  });
  timer.clock = clock;
  return [timer, calls];
}

Deno.test("TimerService calls its function at once and after each step until stopped", () => {
  const clock = new Clock();
  const seen: unknown[] = [];
  const timer = new TimerService(0.5, (...args: [string, number]) => seen.push(args), "hello", 10);
  timer.clock = clock;
  assertEquals([timer.step, timer.running], [0.5, false]);
  timer.startService();
  assertEquals([seen, timer.running], [[["hello", 10]], true]);
  clock.advance(1);
  assertEquals(seen.length, 3);
  assertEquals(successResultOf(timer.stopService()), undefined);
  clock.advance(10);
  assertEquals([seen.length, timer.running, clock.getDelayedCalls()], [3, false, []]);
});

Deno.test("TimerService.stopService() waits for the call in progress", () => {
  const clock = new Clock();
  const answer = new Deferred<string>();
  const [timer] = timerOn(clock, () => answer);
  timer.startService();
  const stops = [outcomes(timer.stopService()), outcomes(timer.stopService())];
  assertEquals([stops, timer.running], [[[], []], true]);
  answer.callback("an answer");
  assertEquals([stops, timer.running], [[[undefined], [undefined]], false]);
});

Deno.test("TimerService.stopService() between two calls fires at once", () => {
  const clock = new Clock();
  const answer = new Deferred<void>();
  const [timer] = timerOn(clock, () => answer);
  timer.startService();
  answer.callback();
  assertEquals(successResultOf(timer.stopService()), undefined);
});

Deno.test("TimerService stops calling after a failed call, which is logged", () => {
  for (const fails of ["at once", "later", "after the stop"]) {
    using errors = new LoggedErrors();
    const clock = new Clock();
    const error = new RangeError("boom");
    const answer = new Deferred<void>();
    const [timer, calls] = timerOn(clock, () => {
      if (fails === "at once") throw error;
      return answer;
    });
    timer.startService();
    if (fails === "later") answer.errback(error);
    const events: LogEvent[] = [];
    const stopped = outcomes(
      timer.stopService().addCallback(() => void events.push(...errors.takeEvents())),
    );
    if (fails === "after the stop") answer.errback(error);
    // The error is logged before the stop completes.
    const [event] = events;
    assertEquals(event?.why, "TimerService has stopped its calls, because a call failed");
    assertEquals(event?.failure, error);
    clock.advance(10);
    assertEquals([stopped, calls, timer.running], [[undefined], [0], false]);
  }
});

Deno.test("TimerService can be stopped and started again after a failed call", () => {
  using errors = new LoggedErrors();
  const clock = new Clock();
  const failures = [new RangeError("boom")];
  const [timer, calls] = timerOn(clock, () => {
    for (const error of failures.splice(0)) throw error;
  });
  timer.startService();
  assertEquals([errors.take().length, timer.running], [1, true]);
  timer.stopService();
  timer.startService();
  clock.advance(2);
  assertEquals(calls, [0, 0, 2]);
  timer.stopService();
});

Deno.test("TimerService that is restarted during a call waits for that call", () => {
  const clock = new Clock();
  const answer = new Deferred<void>();
  const answers = [answer];
  const [timer, calls] = timerOn(clock, () => answers.shift());
  timer.startService();
  const stops = [outcomes(timer.stopService())];
  timer.startService();
  stops.push(outcomes(timer.stopService()));
  timer.startService();
  clock.advance(3);
  assertEquals([calls, stops], [[0], [[], []]]);
  answer.callback();
  assertEquals([calls, stops, timer.running], [[0, 3], [[undefined], [undefined]], true]);
  timer.stopService();
});

Deno.test("TimerService.stopService() callbacks may start the service again", () => {
  const clock = new Clock();
  const answers = [new Deferred<void>()];
  const [answer] = answers;
  const [timer, calls] = timerOn(clock, () => answers.shift());
  timer.startService();
  timer.stopService().addCallback(() => timer.startService());
  answer?.callback();
  clock.advance(2);
  assertEquals([calls, timer.running], [[0, 0, 2], true]);
  timer.stopService();
});

Deno.test("TimerService.stopService() within a call makes it the last call", () => {
  const clock = new Clock();
  const [timer, calls] = timerOn(clock, () => void timer.stopService());
  timer.startService();
  clock.advance(10);
  assertEquals([calls, timer.running], [[0], false]);
});

Deno.test("TimerService.startService() called twice logs a warning", () => {
  const clock = new Clock();
  const [timer, calls] = timerOn(clock);
  timer.startService();
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), { replay: false });
  timer.startService();
  assertEquals(messages, [
    "Ignored a call of startService() of TimerService: it has already been started",
  ]);
  assertEquals(calls, [0]);
  timer.stopService();
});

Deno.test("TimerService.stopService() before the start fires at once", () => {
  const [timer] = timerOn(new Clock());
  assertEquals(successResultOf(timer.stopService()), undefined);
});

Deno.test("TimerService.startService() without a clock throws an error that asks for one", () => {
  const timer = new TimerService(1, () => {});
  assertThrows(
    () => timer.startService(),
    Error,
    "Cannot start TimerService: its clock is not set; set it to a reactor or a Clock",
  );
  assertEquals(timer.running, false);
});

Deno.test("TimerService() throws for an invalid step and an invalid callable", () => {
  for (const wrong of [-1, NaN, Infinity]) {
    assertThrows(() => new TimerService(wrong, () => {}), RangeError, "TimerService() step");
  }
  const callable: unknown = "tick";
  // As a program without types may call it.
  assertThrows(() => new TimerService(1, callable as () => void), TypeError, "callable");
});
