/**
 * Time and timed calls. The tests use only `IReactorTime` (and `run` and `stop`), so every reactor
 * runs them unchanged. Of Twisted's tests:
 *
 * - `test/test_internet.py`, `TimeTests`: `test_seconds`, `test_callLater`, `test_callLaterReset`,
 *   `testCallLaterTime` and the tests of cancelling are here. `test_callLaterUsesReactorSeconds…`
 *   and `testDelayedCallSecondsOverride` replace the function that returns the time; here that
 *   function is a parameter of the queue of calls (`delayed_call_test.ts`).
 *   `testDelayedCallStringification` is in that file, too.
 * - `test/test_internet.py`, `DelayedTests`: both. `CallFromThreadStopsAndWakeUpTests` are in
 *   `threads.ts`.
 * - `internet/test/test_time.py`: `test_delayedCallStopsReactor` and `test_distantDelayedCall` are
 *   here. `GlibTimeTestsBuilder` tests another event loop.
 * - `internet/test/test_base.py`, `DelayedCallMixin`: the comparisons do not apply, because calls
 *   have no order as values; nor does the debug mode, which shows where a call was scheduled.
 *
 * The time is faked. `FakeTime` of `@std/testing/time` controls each reactor exactly, which is one
 * of the claims.
 *
 * @module
 */

import type { FakeClock, FakeTimeClass } from "./fake_time.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assertions.ts";
import { AlreadyCalled, AlreadyCancelled } from "../../reactor/errors.ts";
import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import { type CoreReactor, coreTest } from "../fixtures/core_fixture.ts";

const DAY = 86_400;

/** A call of a plan: scheduled at the beginning or by another call, with its delay. */
interface PlannedCall {
  /**
   * The number of the call that schedules it; its own number if it is scheduled at the beginning.
   */
  readonly by: number;
  readonly delayMs: number;
}

/**
 * Returns a generator of random numbers below 1 for a seed: the generator of Park and Miller
 * (1988).
 */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/**
 * Returns a random plan of up to 30 calls. Delays are a few tenths of a second, so that times
 * coincide.
 */
function randomPlan(random: () => number): PlannedCall[] {
  return Array.from({ length: Math.floor(random() * 31) }, (_, i) => ({
    by: Math.floor(random() * (i + 1)),
    delayMs: Math.floor(random() * 13) * 100,
  }));
}

/**
 * Returns the numbers of the calls that each call schedules; under `undefined`, of those scheduled
 * at the beginning.
 */
function askedBy(plan: readonly PlannedCall[]): Map<number | undefined, number[]> {
  return Map.groupBy(plan.keys(), (i) => plan[i]?.by === i ? undefined : plan[i]?.by);
}

/** Returns the order of the calls of a plan, computed in whole milliseconds. */
function plannedOrder(plan: readonly PlannedCall[]): number[] {
  const asked = askedBy(plan);
  const order: number[] = [];
  const waiting: { number: number; dueMs: number }[] = [];
  const ask = (by: number | undefined, nowMs: number): void => {
    for (const number of asked.get(by) ?? []) {
      waiting.push({ number, dueMs: nowMs + (plan[number]?.delayMs ?? 0) });
    }
    // The sort is stable: calls at the same time stay in the order of scheduling.
    waiting.sort((a, b) => a.dueMs - b.dueMs);
  };
  ask(undefined, 0);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    order.push(next.number);
    ask(next.number, next.dueMs);
  }
  return order;
}

/**
 * Defines the tests of time.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
 * @param FakeTime `FakeTime` of `@std/testing/time`.
 */
export function timeConformance(
  name: string,
  makeReactor: () => CoreReactor,
  FakeTime: FakeTimeClass,
): void {
  const test = coreTest(name, makeReactor);

  /** Defines a test on a running reactor, under fake time. */
  const timed = (
    claim: string,
    f: (
      reactor: CoreReactor,
      time: FakeClock,
      note: (event: string) => void,
      take: () => string[],
    ) => void,
  ): Deno.TestDefinition =>
    test(claim, async (fixture) => {
      using time = new FakeTime();
      const running = fixture.run();
      f(fixture.reactor, time, fixture.note, () => fixture.take());
      fixture.reactor.stop();
      await running;
    });

  Deno.test(timed(
    "FakeTime.tick(4000) makes a callLater(4) and all earlier calls, in order",
    (reactor, time, note, take) => {
      reactor.callLater(4, note, "4");
      reactor.callLater(0.5, note, "0.5");
      reactor.callLater(3.999, note, "3.999");
      reactor.callLater(4.001, note, "4.001");
      time.tick(4000);
      assertEquals(take(), ["0.5", "3.999", "4"]);
      time.tick(1);
      assertEquals(take(), ["4.001"]);
    },
  ));

  Deno.test(timed("tick(0) makes a callLater(0)", (reactor, time, note, take) => {
    reactor.callLater(0, note, "now");
    assertEquals(take(), []);
    time.tick(0);
    assertEquals(take(), ["now"]);
  }));

  Deno.test(timed("A call sees the time at which it is due", (reactor, time) => {
    const start = reactor.seconds();
    const seen: number[] = [];
    for (const delay of [3, 1, 2]) {
      reactor.callLater(delay, () => seen.push(reactor.seconds() - start));
    }
    time.tick(10_000);
    assertEquals(seen.map((seconds) => Math.round(seconds * 1e6) / 1e6), [1, 2, 3]);
  }));

  Deno.test(timed(
    "callLater() makes calls that are due at the same time in the order of scheduling",
    (reactor, time, note, take) => {
      const names = Array.from({ length: 50 }, (_, i) => `call ${i}`);
      for (const each of names) reactor.callLater(1, note, each);
      time.tick(1000);
      assertEquals(take(), names);
    },
  ));

  Deno.test(timed(
    "callLater() keeps the order of scheduling for calls moved to the same time",
    (reactor, time, note, take) => {
      const early = reactor.callLater(1, note, "asked first, put off");
      const late = reactor.callLater(9, note, "asked second, brought forward");
      reactor.callLater(2, note, "asked third");
      early.delay(1);
      late.reset(2);
      time.tick(2000);
      assertEquals(take(), [
        "asked first, put off",
        "asked second, brought forward",
        "asked third",
      ]);
    },
  ));

  Deno.test(
    test("callLater() makes the calls of random plans in the order of exact milliseconds", async (fixture) => {
      const { reactor } = fixture;
      const running = fixture.run();
      for (let seed = 1; seed <= 200; seed++) {
        using time = new FakeTime();
        const random = randomNumbers(seed);
        const plan = randomPlan(random);
        const asked = askedBy(plan);
        const made: number[] = [];
        const ask = (by: number | undefined): void => {
          for (const number of asked.get(by) ?? []) {
            reactor.callLater((plan[number]?.delayMs ?? 0) / 1000, () => {
              made.push(number);
              ask(number);
            });
          }
        };
        ask(undefined);
        while (reactor.getDelayedCalls().length > 0) time.tick(Math.floor(random() * 1501));
        assertEquals(made, plannedOrder(plan), `with the seed ${seed}`);
      }
      reactor.stop();
      await running;
    }),
  );

  Deno.test(test("callLater(0) in a timed call is made in the next turn", async (fixture) => {
    using time = new FakeTime();
    const { reactor, note } = fixture;
    const running = fixture.run();
    reactor.callLater(1, () => {
      reactor.callLater(0, note, "in the next turn, which never runs");
      note("first");
    });
    // The shutdown ends this turn, which is the last.
    reactor.callLater(1, () => reactor.stop());
    reactor.callLater(1, note, "last of this turn");
    time.tick(1000);
    await running;
    assertEquals(fixture.take(), ["first", "last of this turn"]);
  }));

  Deno.test(
    timed("Fractions that binary cannot hold cost no millisecond", (reactor, time, note, take) => {
      for (const delay of [0.1, 0.3, 1.1, 2.2]) reactor.callLater(delay, note, String(delay));
      for (const tick of [100, 200, 800, 1100]) time.tick(tick);
      assertEquals(take(), ["0.1", "0.3", "1.1", "2.2"]);
    }),
  );

  Deno.test(
    timed("Delays longer than the host's longest timer are kept", (reactor, time, note, take) => {
      reactor.callLater(60 * DAY, note, "in sixty days");
      time.tick(59 * DAY * 1000);
      assertEquals(take(), []);
      time.tick(DAY * 1000);
      assertEquals(take(), ["in sixty days"]);
    }),
  );

  Deno.test(timed("A delay of any length hinders no other call", (reactor, time, note, take) => {
    const distant = reactor.callLater(2 ** 128 + 1, note, "never");
    reactor.callLater(1, note, "soon");
    time.tick(1000);
    assertEquals(take(), ["soon"]);
    assert(distant.active());
    assertEquals(reactor.getDelayedCalls(), [distant]);
  }));

  Deno.test(timed(
    "active() is true until the call is made, and false during the call",
    (reactor, time, note, take) => {
      const call: IDelayedCall = reactor.callLater(1, () => note(`called: ${call.active()}`));
      time.tick(999);
      assert(call.active());
      time.tick(1);
      assertEquals(take(), ["called: false"]);
      assert(!call.active());
    },
  ));

  Deno.test(
    timed(
      "IDelayedCall.cancel() and reset() throw while the call runs",
      (reactor, time, note, take) => {
        const call = reactor.callLater(1, () => {
          for (const act of ["cancel", "delay", "reset"] as const) {
            assertThrows(() => call[act](1), AlreadyCalled);
            note(act);
          }
        });
        time.tick(1000);
        assertEquals(take(), ["cancel", "delay", "reset"]);
      },
    ),
  );

  Deno.test(timed(
    "callLater() in a timed call works repeatedly, each call at its time",
    (reactor, time, note, take) => {
      const start = reactor.seconds();
      const again = (): void => {
        note((reactor.seconds() - start).toFixed(3));
        reactor.callLater(0.1, again);
      };
      reactor.callLater(0.1, again);
      time.tick(350);
      assertEquals(take(), ["0.100", "0.200", "0.300"]);
    },
  ));

  Deno.test(timed("cancel() takes a call back", (reactor, time, note, take) => {
    const call = reactor.callLater(1, note, "cancelled");
    reactor.callLater(1, note, "kept");
    call.cancel();
    assert(!call.active());
    time.tick(5000);
    assertEquals(take(), ["kept"]);
  }));

  Deno.test(timed("A call may cancel another that is due with it", (reactor, time, note, take) => {
    reactor.callLater(1, () => second.cancel());
    const second = reactor.callLater(1, note, "never");
    time.tick(1000);
    assertEquals(take(), []);
  }));

  Deno.test(
    timed("delay() puts off or forward, reset() waits anew", (reactor, time, note, take) => {
      reactor.callLater(2, note, "put off").delay(1);
      reactor.callLater(2, note, "forward").delay(-1);
      const anew = reactor.callLater(2, note, "anew");
      time.tick(1000);
      assertEquals(take(), ["forward"]);
      anew.reset(2.5);
      time.tick(2000);
      assertEquals(take(), ["put off"]);
      time.tick(500);
      assertEquals(take(), ["anew"]);
    }),
  );

  Deno.test(timed(
    "cancel(), delay() and reset() throw after the call was made or cancelled",
    (reactor, time) => {
      const made = reactor.callLater(0, () => {});
      time.tick(0);
      const cancelled = reactor.callLater(1, () => {});
      cancelled.cancel();
      for (const act of ["cancel", "delay", "reset"] as const) {
        assertThrows(() => made[act](1), AlreadyCalled, act);
        assertThrows(() => cancelled[act](1), AlreadyCancelled, act);
      }
    },
  ));

  Deno.test(timed("using ends a call with its block", (reactor, time, note, take) => {
    {
      using _call = reactor.callLater(1, note, "outlived");
    }
    {
      using _call = reactor.callLater(0, note, "made in time");
      time.tick(0);
    }
    time.tick(1000);
    assertEquals(take(), ["made in time"]);
  }));

  Deno.test(timed("getTime() is when the call is due, on the reactor's clock", (reactor, time) => {
    const start = reactor.seconds();
    const call = reactor.callLater(5, () => {});
    assertEquals(call.getTime(), start + 5);
    time.tick(1000);
    call.reset(5);
    assertEquals(Math.round((call.getTime() - start) * 1e6) / 1e6, 6);
    call.cancel();
  }));

  Deno.test(timed(
    "getDelayedCalls() returns exactly the scheduled calls",
    (reactor, time) => {
      const [a, b, c] = [1, 2, 3].map((delay) => reactor.callLater(delay, () => {}));
      assertEquals(new Set(reactor.getDelayedCalls()), new Set([a, b, c]));
      time.tick(1000);
      b?.cancel();
      assertEquals(reactor.getDelayedCalls(), [c]);
      c?.cancel();
    },
  ));

  Deno.test(timed("Wrong delays are named in the error", (reactor) => {
    const nothing = (): void => {};
    for (const delay of [-1, NaN, Infinity, -Infinity]) {
      const error = assertThrows(() => reactor.callLater(delay, nothing), RangeError);
      assertStringIncludes(error.message, String(delay));
      assertThrows(() => reactor.callLater(1, nothing).reset(delay), RangeError, String(delay));
    }
    assertThrows(() => reactor.callLater(1, nothing).delay(NaN), RangeError, "NaN");
    for (const delay of ["4", null, undefined, {}]) {
      // Arguments that the types reject.
      assertThrows(
        () => reactor.callLater(delay as unknown as number, nothing),
        TypeError,
        "delay",
      );
    }
    const noFunction = "print" as unknown as () => void;
    assertThrows(() => reactor.callLater(1, noFunction), TypeError, '"print"');
    for (const call of reactor.getDelayedCalls()) call.cancel();
  }));

  Deno.test(
    test("callLater() before run() waits for it, and counts the delay from its own call", async (fixture) => {
      using time = new FakeTime();
      fixture.reactor.callLater(1, fixture.note, "one");
      fixture.reactor.callLater(5, fixture.note, "five");
      time.tick(3000);
      assertEquals(fixture.take(), []);
      const running = fixture.run();
      time.tick(0);
      assertEquals(fixture.take(), ["one"]);
      time.tick(2000);
      assertEquals(fixture.take(), ["five"]);
      fixture.reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("seconds() follows FakeTime while it is active on a running reactor", async (fixture) => {
      const { reactor } = fixture;
      const running = fixture.run();
      const before = reactor.seconds();
      {
        using time = new FakeTime();
        reactor.callLater(100, fixture.note, "faked");
        time.tick(100_000);
        assertEquals(fixture.take(), ["faked"]);
      }
      assert(reactor.seconds() - before >= 100);
      const { promise, resolve } = Promise.withResolvers<void>();
      reactor.callLater(0.001, resolve);
      await promise;
      reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("callLater() continues in real time after FakeTime was restored", async (fixture) => {
      const fired = Promise.withResolvers<void>();
      const time = new FakeTime();
      const { reactor } = fixture;
      const running = fixture.run();
      reactor.callLater(10, fixture.note, "faked");
      reactor.callLater(10.001, fired.resolve);
      time.tick(10_000);
      time.restore();
      assertEquals(fixture.take(), ["faked"]);
      // No call reaches the reactor now: it must notice by itself.
      await fired.promise;
      reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("stop() works after the FakeTime under which run() was called was restored", async (fixture) => {
      const time = new FakeTime();
      const running = fixture.run();
      fixture.reactor.callLater(10, fixture.note, "too late");
      time.restore();
      fixture.reactor.stop();
      await running;
      assertEquals(fixture.take(), []);
    }),
  );

  Deno.test(
    test("callLater() moves all calls to FakeTime when it is next called", async (fixture) => {
      const { reactor } = fixture;
      const running = fixture.run();
      const first = reactor.callLater(3600, fixture.note, "asked for in real time");
      using time = new FakeTime();
      reactor.callLater(3601, fixture.note, "asked for in faked time");
      time.tick(3600_000);
      assertEquals(fixture.take(), ["asked for in real time"]);
      time.tick(1000);
      assertEquals(fixture.take(), ["asked for in faked time"]);
      assert(!first.active());
      reactor.stop();
      await running;
    }),
  );

  Deno.test(test("callLater() is not affected by steps of the wall clock", async (fixture) => {
    const { reactor } = fixture;
    const running = fixture.run();
    const genuine = Date.now;
    const { promise, resolve } = Promise.withResolvers<void>();
    reactor.callLater(0.005, resolve);
    const far = reactor.callLater(3600, fixture.note, "an hour from now");
    try {
      Date.now = () => genuine() + 2 * 3600 * 1000;
      await promise;
      assertEquals(fixture.take(), []);
      assert(far.getTime() - reactor.seconds() > 3590);
    } finally {
      Date.now = genuine;
    }
    far.cancel();
    reactor.stop();
    await running;
  }));

  Deno.test(
    test("callLater() logs a call that throws, and makes the next ones", async (fixture) => {
      using time = new FakeTime();
      const running = fixture.run();
      fixture.reactor.callLater(1, () => {
        throw new Error("boom");
      });
      fixture.reactor.callLater(1, fixture.note, "next");
      time.tick(1000);
      assertEquals(fixture.take(), ["next"]);
      assertEquals(fixture.takeErrors(), ["boom"]);
      fixture.reactor.stop();
      await running;
    }),
  );

  Deno.test(test("stop() in a timed call stops the reactor", async (fixture) => {
    const running = fixture.run();
    fixture.reactor.callLater(0, () => fixture.reactor.stop());
    await running;
    assert(!fixture.reactor.running);
  }));

  Deno.test(test("stop() ends timed calls, and leaves no timer", async (fixture) => {
    using time = new FakeTime();
    const running = fixture.run();
    fixture.reactor.callLater(1, fixture.note, "too late");
    fixture.reactor.stop();
    await running;
    time.tick(10_000);
    assertEquals(fixture.take(), []);
  }));
}
