import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { DelayedCall } from "./delayed_call.ts";
import { TimedCalls } from "./timed_calls.ts";

/** Timed calls on a clock that the test sets. Each call records its name. */
class CallsFixture {
  now = 0;
  earlierCount = 0;
  readonly made: string[] = [];
  readonly calls = new TimedCalls({
    seconds: () => this.now,
    onEarlier: () => void this.earlierCount++,
  });

  callLater(delay: number, name: string): DelayedCall {
    return this.calls.callLater(delay, () => this.made.push(name), []);
  }

  /** Makes the calls that are due at `now`. */
  run(now = this.now): void {
    this.now = now;
    this.calls.runDue(now, (f) => void f());
  }

  /** Moves the clock to the earliest call, and makes all calls that are due then. */
  runNext(): void {
    this.run(this.calls.nextDue() ?? this.now);
  }

  /** Makes all calls in order. */
  runAll(): void {
    while (this.calls.nextDue() !== undefined) this.runNext();
  }
}

Deno.test("TimedCalls without calls is never due", () => {
  const { calls } = new CallsFixture();
  assertEquals(
    [calls.nextDue(), calls.wait(), calls.isAnyDue(1e9), calls.pending()],
    [undefined, Infinity, false, []],
  );
});

Deno.test("TimedCalls passes the arguments to the function", () => {
  const fixture = new CallsFixture();
  const received: unknown[] = [];
  fixture.calls.callLater(1, (...args: unknown[]) => received.push(...args), ["a", 2, null]);
  fixture.run(1);
  assertEquals(received, ["a", 2, null]);
});

Deno.test("TimedCalls orders calls by time and equal times by callLater()", () => {
  const fixture = new CallsFixture();
  fixture.callLater(2, "c");
  fixture.callLater(1, "a");
  fixture.callLater(2, "d");
  fixture.callLater(1, "b");
  assertEquals([fixture.calls.nextDue(), fixture.calls.wait()], [1, 1]);
  fixture.runAll();
  assertEquals(fixture.made, ["a", "b", "c", "d"]);
});

Deno.test("TimedCalls calls onEarlier() only if the earliest time becomes earlier", () => {
  const fixture = new CallsFixture();
  fixture.callLater(5, "a");
  assertEquals(fixture.earlierCount, 1);
  fixture.callLater(6, "b");
  assertEquals(fixture.earlierCount, 1);
  const c = fixture.callLater(4, "c");
  assertEquals(fixture.earlierCount, 2);
  c.reset(1);
  assertEquals(fixture.earlierCount, 3);
  c.delay(10);
  assertEquals(fixture.earlierCount, 3);
});

Deno.test("TimedCalls.nextDue() follows postponed and cancelled calls", () => {
  const fixture = new CallsFixture();
  const a = fixture.callLater(3, "a");
  fixture.callLater(7, "b");
  assertEquals(fixture.calls.nextDue(), 3);
  a.delay(10);
  assertEquals(fixture.calls.nextDue(), 7);
  a.cancel();
  assertEquals(fixture.calls.nextDue(), 7);
});

Deno.test("TimedCalls.wait() is never too long, and exact when the time has come", () => {
  const fixture = new CallsFixture();
  const first = fixture.callLater(40, "first");
  fixture.callLater(50, "second");
  first.cancel();
  assertLessOrEqual(fixture.calls.wait(), 50);
  fixture.run(40);
  assertEquals([fixture.made, fixture.calls.wait()], [[], 10]);
});

Deno.test("TimedCalls.runDue() does not make calls that are added while it runs", () => {
  const fixture = new CallsFixture();
  fixture.now = 0.1;
  fixture.calls.callLater(0.2, () => {
    fixture.made.push("a");
    fixture.callLater(0, "added meanwhile");
  }, []);
  // The floating-point sum 0.1 + 0.2 is greater than 0.3, but it is the same tick.
  fixture.callLater(0.2, "b");
  fixture.run(0.3);
  assertEquals(fixture.made, ["a", "b"]);
  fixture.run();
  assertEquals(fixture.made, ["a", "b", "added meanwhile"]);
});

Deno.test("TimedCalls.runDue() throws the error of a call and leaves the other calls due", () => {
  const fixture = new CallsFixture();
  fixture.calls.callLater(1, () => {
    throw new Error("boom");
  }, []);
  fixture.callLater(1, "next");
  assertThrows(() => fixture.run(1), Error, "boom");
  assertEquals(fixture.made, []);
  fixture.run();
  assertEquals(fixture.made, ["next"]);
});

Deno.test("TimedCalls makes a postponed call at its new time, even if it was the earliest", () => {
  const fixture = new CallsFixture();
  const first = fixture.callLater(1, "first");
  fixture.callLater(2, "second");
  const third = fixture.callLater(3, "third");
  first.reset(2.5);
  third.reset(4);
  for (const [now, count] of [[1, 0], [2, 1], [2.5, 2], [3, 2], [4, 3]] as const) {
    fixture.run(now);
    assertEquals(fixture.made, ["second", "first", "third"].slice(0, count));
  }
});

Deno.test("TimedCalls makes a postponed call that was then moved halfway back at that time", () => {
  const fixture = new CallsFixture();
  const call = fixture.callLater(1, "call");
  fixture.callLater(5, "other");
  call.reset(9);
  call.reset(3);
  fixture.run(1);
  assertEquals([fixture.made, fixture.calls.nextDue()], [[], 3]);
  fixture.runAll();
  assertEquals(fixture.made, ["call", "other"]);
});

Deno.test("TimedCalls makes a call that was moved to an earlier time only once", () => {
  const fixture = new CallsFixture();
  fixture.callLater(1, "a");
  const b = fixture.callLater(5, "b");
  fixture.callLater(1, "c");
  b.reset(1);
  fixture.runAll();
  assertEquals(fixture.made, ["a", "b", "c"]);
});

Deno.test("TimedCalls orders a postponed call among equal times by its callLater()", () => {
  const fixture = new CallsFixture();
  const a = fixture.callLater(1, "a");
  fixture.callLater(2, "b");
  a.reset(2);
  fixture.callLater(2, "c");
  fixture.runAll();
  assertEquals(fixture.made, ["a", "b", "c"]);
});

Deno.test("TimedCalls makes a call that is postponed repeatedly only once", () => {
  const fixture = new CallsFixture();
  const calls = Array.from({ length: 100 }, (_, i) => fixture.callLater(1, `call ${i}`));
  for (let second = 1; second <= 50; second++) {
    fixture.now = second - 0.5;
    for (const call of calls) call.reset(1);
    fixture.run(second);
  }
  assertEquals(fixture.made, []);
  fixture.run(51);
  assertEquals(fixture.made, calls.map((_, i) => `call ${i}`));
});

Deno.test("TimedCalls makes a call whose time is Number.MAX_VALUE", () => {
  const fixture = new CallsFixture();
  fixture.callLater(Number.MAX_VALUE, "last");
  assertEquals(fixture.calls.nextDue(), Number.MAX_VALUE);
  fixture.run(Number.MAX_VALUE);
  assertEquals(fixture.made, ["last"]);
});

Deno.test("TimedCalls does not call onEarlier() for calls that replace the earliest one", () => {
  const fixture = new CallsFixture();
  fixture.callLater(5, "a").cancel();
  for (let i = 0; i < 10; i++) fixture.callLater(6 + i, "b").cancel();
  const last = fixture.callLater(9, "c");
  last.reset(20);
  last.reset(7);
  assertEquals(fixture.earlierCount, 1);
  // The owner wakes at 5, reads when the next call is due, and is notified from then on.
  assertEquals(fixture.calls.wait(), 7);
  last.reset(6);
  assertEquals(fixture.earlierCount, 2);
});

Deno.test("TimedCalls calls onEarlier() for a call that is added after the last one was made", () => {
  const fixture = new CallsFixture();
  fixture.calls.callLater(1, () => fixture.callLater(5, "nested"), []);
  fixture.run(1);
  assertEquals(fixture.earlierCount, 2);
  fixture.run(6);
  fixture.callLater(9, "next");
  assertEquals([fixture.made, fixture.earlierCount], [["nested"], 3]);
});

Deno.test("TimedCalls wakes its owner once per timeout if all timeouts are always restarted", () => {
  const restarts: Record<string, (call: DelayedCall, fixture: CallsFixture) => DelayedCall> = {
    reset: (call) => (call.reset(0.5), call),
    cancel: (call, fixture) => (call.cancel(), fixture.callLater(0.5, "call")),
    replace: (call, fixture) => {
      const next = fixture.callLater(0.5, "call");
      call.cancel();
      return next;
    },
  };
  for (const restart of Object.values(restarts)) {
    const fixture = new CallsFixture();
    let calls = Array.from({ length: 20 }, () => fixture.callLater(0.5, "call"));
    let alarm = 0.5;
    let wakeUps = 0;
    for (let step = 1; step <= 2500; step++) {
      fixture.now = step * 0.004;
      if (fixture.now >= alarm) {
        wakeUps++;
        fixture.run();
        alarm = fixture.now + fixture.calls.wait();
      }
      calls = calls.map((call) => restart(call, fixture));
    }
    // In ten seconds. Only the first call has called onEarlier(), so the alarm was right.
    assertLessOrEqual(wakeUps, 25);
    assertEquals([fixture.made, fixture.earlierCount], [[], 1]);
  }
});

Deno.test("TimedCalls.runDue() allows a call to cancel, postpone and advance others", () => {
  const fixture = new CallsFixture();
  fixture.calls.callLater(1, () => {
    fixture.made.push("a");
    b.cancel();
    c.reset(4);
    d.reset(0);
  }, []);
  const b = fixture.callLater(1, "b");
  const c = fixture.callLater(1, "c");
  const d = fixture.callLater(9, "d");
  fixture.run(1);
  assertEquals([fixture.made, b.active(), c.getTime()], [["a", "d"], false, 5]);
  fixture.runAll();
  assertEquals(fixture.made, ["a", "d", "c"]);
});

Deno.test("TimedCalls.runDue() has made a call before its function runs", () => {
  const fixture = new CallsFixture();
  const errors: unknown[] = [];
  const self: DelayedCall = fixture.calls.callLater(1, () => {
    assertEquals([self.active(), fixture.calls.pending()], [false, []]);
    for (const act of [() => self.cancel(), () => self.reset(1), () => self.delay(1)]) {
      errors.push(assertThrows(act));
    }
  }, []);
  fixture.run(1);
  assertEquals(
    errors.map(String),
    ["cancel", "reset", "delay"].map((action) =>
      `AlreadyCalled: Cannot ${action} the timed call: it has already been made`
    ),
  );
  assertEquals(fixture.calls.nextDue(), undefined);
});

Deno.test("TimedCalls.runDue() may run within itself", () => {
  const fixture = new CallsFixture();
  fixture.calls.callLater(1, () => {
    fixture.made.push("a");
    fixture.run();
    fixture.made.push("end of a");
  }, []);
  fixture.callLater(1, "b");
  fixture.run(1);
  assertEquals(fixture.made, ["a", "b", "end of a"]);
});

Deno.test("TimedCalls orders times at the extremes", () => {
  const fixture = new CallsFixture();
  const delays = [Number.MAX_VALUE, 0, Number.MIN_VALUE, 1e300, 4e-8, 6e-8, 1e-7, 9e15, 9e15];
  for (const delay of delays) fixture.callLater(delay, `${delay}`);
  const past = fixture.callLater(1, "past");
  past.delay(-Number.MAX_VALUE);
  fixture.runAll();
  // Up to half a tenth of a microsecond is 0, and equal times are in the order of callLater().
  const order = [0, Number.MIN_VALUE, 4e-8, 6e-8, 1e-7, 9e15, 9e15, Number.MAX_VALUE, 1e300];
  assertEquals(fixture.made[0], "past");
  assertEquals(fixture.made.slice(1, 8), order.slice(0, 7).map(String));
  assertEquals(fixture.made.slice(8).toSorted(), order.slice(7).map(String).toSorted());
});

Deno.test("TimedCalls cancels a million calls in another order than that of their making", () => {
  const count = 1_000_000;
  const { calls } = new CallsFixture();
  const nothing = (): void => {};
  const all = Array.from({ length: count }, (_, i) => calls.callLater(i % 977, nothing, []));
  // 7919 is a prime that does not divide the count, so the steps reach each index once.
  for (let i = 0; i < count; i++) all[(i * 7919) % count]?.cancel();
  assertEquals([calls.nextDue(), calls.pending()], [undefined, []]);
});

// The model is an array that is sorted when it is read.

interface ModelCall {
  readonly call: DelayedCall;
  readonly name: string;
  readonly order: number;
  due: number;
}

interface Model {
  readonly calls: ModelCall[];
  added: number;
}

class AddCommand implements fc.Command<Model, CallsFixture> {
  constructor(readonly delay: number) {}
  check = (): boolean => true;
  run(model: Model, fixture: CallsFixture): void {
    const order = model.added++;
    const call = fixture.callLater(this.delay, `${order}`);
    model.calls.push({ call, name: `${order}`, order, due: fixture.now + this.delay });
  }
  toString = (): string => `add(${this.delay})`;
}

class CancelCommand implements fc.Command<Model, CallsFixture> {
  constructor(readonly which: number) {}
  check = (model: Readonly<Model>): boolean => model.calls.length > 0;
  run({ calls }: Model): void {
    const [cancelled] = calls.splice(this.which % calls.length, 1);
    cancelled?.call.cancel();
  }
  toString = (): string => `cancel(${this.which})`;
}

class ResetCommand implements fc.Command<Model, CallsFixture> {
  constructor(readonly which: number, readonly delay: number) {}
  check = (model: Readonly<Model>): boolean => model.calls.length > 0;
  run({ calls }: Model, fixture: CallsFixture): void {
    const moved = calls[this.which % calls.length];
    if (moved === undefined) return;
    moved.due = fixture.now + this.delay;
    moved.call.reset(this.delay);
  }
  toString = (): string => `reset(${this.which}, ${this.delay})`;
}

class RunNextCommand implements fc.Command<Model, CallsFixture> {
  check = (): boolean => true;
  run({ calls }: Model, fixture: CallsFixture): void {
    calls.sort((a, b) => a.due - b.due || a.order - b.order);
    const now = Math.max(fixture.now, calls[0]?.due ?? 0);
    const due = calls.splice(0, calls.filter((call) => call.due <= now).length);
    fixture.made.length = 0;
    fixture.run(now);
    assertEquals(fixture.made, due.map(({ name }) => name));
  }
  toString = (): string => "runNext()";
}

class LookCommand implements fc.Command<Model, CallsFixture> {
  check = (): boolean => true;
  run({ calls }: Model, fixture: CallsFixture): void {
    const earliest = Math.min(Infinity, ...calls.map(({ due }) => due));
    assertEquals(fixture.calls.nextDue() ?? Infinity, earliest);
    assertEquals(fixture.calls.wait(), Math.max(0, earliest - fixture.now));
    const pending = new Set(fixture.calls.pending());
    assertEquals(pending.size, calls.length);
    assert(calls.every(({ call }) => pending.has(call)));
  }
  toString = (): string => "look";
}

Deno.test("TimedCalls makes the same calls as a sorted list after random operations", () => {
  // There are few times, so that many calls are equal.
  const delay = fc.integer({ min: 0, max: 20 });
  const which = fc.nat({ max: 1000 });
  const add = delay.map((delay) => new AddCommand(delay));
  const cancel = which.map((which) => new CancelCommand(which));
  const reset = fc.tuple(which, delay).map(([which, delay]) => new ResetCommand(which, delay));
  const commands = [
    add,
    add,
    add,
    add,
    add,
    add,
    cancel,
    cancel,
    reset,
    reset,
    fc.constant(new RunNextCommand()),
    fc.constant(new LookCommand()),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 1500, size: "max" }), (commands) => {
      const setup = () => ({ model: { calls: [], added: 0 }, real: new CallsFixture() });
      fc.modelRun(setup, [...commands, new LookCommand()]);
    }),
    { seed: 20260803, numRuns: 100 },
  );
});

Deno.test("TimedCalls makes the same calls as a sorted list, also with calls that change others", () => {
  // The calls are in different levels of the wheel, depending on the length of a step in seconds.
  // Powers of two make the sums of times exact.
  const action = fc.record({
    do: fc.constantFrom("call", "call", "call", "reset", "delay", "cancel", "run"),
    inside: fc.constantFrom("nothing", "call", "reset", "delay", "cancel"),
    steps: fc.integer({ min: 0, max: 20 }),
    which: fc.nat(1000),
  });
  const actions = fc.array(action, { maxLength: 500, size: "max" });
  const stepLength = fc.constantFrom(2 ** -16, 2 ** -10, 1, 2 ** 16, 2 ** 30);
  const start = fc.constantFrom(0, 0.5, 2 ** 30 + 2 ** -10);
  fc.assert(
    fc.property(actions, stepLength, start, (actions, stepLength, start) => {
      const fixture = new CallsFixture();
      fixture.now = start;
      const pending: { call: DelayedCall; name: string; due: number; order: number }[] = [];
      const expected: string[] = [];
      let added = 0;
      const change = (action: string, delay: number, which: number, inside: () => void): void => {
        const entry = pending[which % pending.length];
        if (action === "call") {
          const order = added++;
          const name = String(order);
          const due = fixture.now + delay;
          const call = fixture.calls.callLater(delay, () => {
            fixture.made.push(name);
            const [next] = pending.splice(0, 1);
            expected.push(next?.name ?? "none");
            inside();
          }, []);
          pending.push({ call, name, due, order });
        } else if (entry === undefined) {
          return;
        } else if (action === "reset") {
          entry.call.reset(delay);
          entry.due = fixture.now + delay;
        } else if (action === "delay") {
          entry.call.delay(delay - 10 * stepLength);
          entry.due += delay - 10 * stepLength;
        } else if (action === "cancel") {
          entry.call.cancel();
          pending.splice(pending.indexOf(entry), 1);
        }
        pending.sort((a, b) => a.due - b.due || a.order - b.order);
      };
      for (const { do: action, inside, steps, which } of actions) {
        const delay = steps * stepLength;
        if (action !== "run") {
          change(action, delay, which, () => change(inside, delay, which, () => {}));
        } else {
          // Calls that a call adds are left for the next run, and with them all that follow.
          const addedBefore = added;
          fixture.run(fixture.now + delay);
          const next = pending[0];
          assert(next === undefined || next.due > fixture.now || next.order >= addedBefore);
        }
        assertEquals(fixture.made, expected);
        assertEquals(fixture.calls.nextDue(), pending[0]?.due);
        assertEquals(fixture.calls.pending().length, pending.length);
        assert(pending.every(({ call, due }) => call.active() && call.getTime() === due));
      }
    }),
    { seed: 20260803, numRuns: 80 },
  );
});

Deno.test("TimedCalls calls onEarlier() for a call earlier than all others, whatever was changed before", () => {
  // The owner of the calls sets an alarm for the earliest time that it knows.
  const step = fc.record({
    do: fc.constantFrom("call", "call", "reset", "cancel", "wait", "run"),
    delay: fc.integer({ min: 0, max: 20 }),
    which: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
      let now = 0;
      let alarm = Infinity;
      const calls = new TimedCalls({
        seconds: () => now,
        onEarlier: () => alarm = now + calls.wait(),
      });
      const pending = new Set<DelayedCall>();
      for (const { do: action, delay, which } of steps) {
        const call = [...pending][which % pending.size];
        if (action === "call") {
          const added = calls.callLater(delay, () => pending.delete(added), []);
          pending.add(added);
        } else if (action === "wait") {
          alarm = now + calls.wait();
        } else if (action === "run") {
          now += delay;
          calls.runDue(now, (f) => f());
          alarm = now + calls.wait();
        } else if (call !== undefined && action === "reset") {
          call.reset(delay);
        } else if (call !== undefined) {
          call.cancel();
          pending.delete(call);
        }
        const earliest = Math.min(...[...pending].map((call) => call.getTime()));
        assert(alarm <= earliest, `the alarm is at ${alarm}, the earliest call at ${earliest}`);
      }
    }),
    { seed: 20260803, numRuns: 300 },
  );
});
