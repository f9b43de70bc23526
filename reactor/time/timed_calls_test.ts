import { assert, assertEquals, assertLess, assertLessOrEqual, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DelayedCall } from "./delayed_call.ts";
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
    [calls.nextDue(), calls.wait(), calls.isAnyDue(1e9), calls.pending(), calls.size],
    [undefined, Infinity, false, [], 0],
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

Deno.test("TimedCalls reuses the slot of a call that was made or cancelled", () => {
  const fixture = new CallsFixture();
  const made = fixture.callLater(1, "made");
  const cancelled = fixture.callLater(2, "cancelled");
  fixture.run(1);
  cancelled.cancel();
  assertEquals(fixture.calls.nextDue(), undefined);
  const size = fixture.calls.size;
  const next = fixture.callLater(3, "next");
  assertEquals(fixture.calls.size, size);
  assert(next.active() && !made.active() && !cancelled.active());
  assertEquals(fixture.calls.pending(), [next]);
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

Deno.test("TimedCalls stays small in memory while 100,000 calls are added and cancelled", () => {
  for (const staying of [0, 1, 1000]) {
    const fixture = new CallsFixture();
    for (let i = 0; i < staying; i++) fixture.callLater(1e6 + i, "staying");
    let largest = 0;
    for (let i = 0; i < 100_000; i++) {
      fixture.callLater(60 + i, "cancelled").cancel();
      largest = Math.max(largest, fixture.calls.size);
    }
    assertLessOrEqual(largest, 2 * staying + 70);
    assertEquals(fixture.calls.pending().length, staying);
  }
});

Deno.test("TimedCalls releases the memory of 100,000 pending calls that are cancelled", () => {
  const fixture = new CallsFixture();
  const calls = Array.from({ length: 100_000 }, (_, i) => fixture.callLater(i % 977, "cancelled"));
  for (const call of calls) call.cancel();
  assertLessOrEqual(fixture.calls.size, 70);
  assertEquals([fixture.calls.nextDue(), fixture.calls.pending()], [undefined, []]);
});

Deno.test("TimedCalls uses one heap slot for a postponed call, and few for one moved earlier", () => {
  const fixture = new CallsFixture();
  const call = fixture.callLater(1e9, "call");
  for (let i = 0; i < 100_000; i++) call.reset(1e9 + i);
  assertEquals(fixture.calls.size, 1);
  for (let i = 0; i < 100_000; i++) call.reset(1e9 - i);
  assertLess(fixture.calls.size, 70);
  assertEquals(fixture.calls.nextDue(), 1e9 - 99_999);
  fixture.runAll();
  assertEquals(fixture.made, ["call"]);
});

Deno.test("TimedCalls releases the heap slots of 10,000 calls after they have been made", () => {
  const fixture = new CallsFixture();
  for (let i = 0; i < 10_000; i++) fixture.callLater(i, "call");
  const last = fixture.callLater(1e9, "last");
  for (let i = 0; i < 10_000; i++) fixture.runNext();
  assertEquals(fixture.calls.pending(), [last]);
  assertLess(fixture.calls.size, 70);
});

/** Counts the calls of `DelayedCall.getTime()`, which a sweep makes once for each pending call. */
function countGetTime(run: () => void): number {
  const original = DelayedCall.prototype.getTime;
  let count = 0;
  DelayedCall.prototype.getTime = function (): number {
    count++;
    return original.call(this);
  };
  try {
    run();
  } finally {
    DelayedCall.prototype.getTime = original;
  }
  return count;
}

Deno.test("TimedCalls removes stale slots so rarely that it moves each call at most once on average", () => {
  const { calls } = new CallsFixture();
  const add = (delay: number): DelayedCall => calls.callLater(delay, () => {}, []);
  const moved = countGetTime(() => {
    const staying = Array.from({ length: 1000 }, (_, i) => add(1e6 + i));
    for (let i = 0; i < 50_000; i++) add(i).cancel();
    // These cancelled calls reach the top of the heap, so no sweep removes them.
    for (let i = 0; i < 50_000; i++) {
      add(i).cancel();
      calls.isAnyDue(0);
    }
    for (const call of staying) call.cancel();
  });
  assertLess(moved, 101_000);
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
    // Dead slots are at most as many as the others and 64, and free slots at most 4 times as many.
    assertLessOrEqual(fixture.calls.size, 5 * (2 * calls.length + 66));
  }
  toString = (): string => "look";
}

Deno.test("TimedCalls makes the same calls as a sorted list after random operations", () => {
  // There are few times, so that many calls are equal, and most runs are long enough for sweeps.
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
