/**
 * The engine's use of the call stack and of memory. Twisted's `test_defer.py`, DeferredTests:
 * test_boundedStackDepth, test_canceller_circular_reference_callback,
 * test_canceller_circular_reference_errback, test_canceller_circular_reference_non_final.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Deferred } from "./deferred.ts";
import { CancelledError } from "./errors.ts";
import { succeed } from "./succeed.ts";

const MANY = 100_000;

// With this flag set, each new context has a gc(), which collects all unreachable objects.
setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/**
 * Waits for the current job to end: until then, V8 keeps the targets of the WeakRefs that were
 * read.
 */
async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Collects garbage, and checks that almost no targets remain. V8 may keep an object or two for code
 * that it is optimizing at that moment.
 */
async function assertNextToNoneLeft(refs: WeakRef<object>[]): Promise<void> {
  await nextTurn();
  collect();
  const left = refs.filter((ref) => ref.deref() !== undefined).length;
  assert(refs.length >= 100 && left <= 5, `${left} of ${refs.length} are left`);
}

function unfired(): Deferred<number>[] {
  return Array.from({ length: MANY }, () => new Deferred<number>());
}

Deno.test("Deferred passes a result along 100,000 waiting Deferreds without recursion", () => {
  const source = new Deferred<number>();
  let last: Deferred<number> = source;
  for (let i = 0; i < MANY; i++) {
    const inner = last;
    last = succeed().addCallback(() => inner);
  }
  const seen: number[] = [];
  last.addCallback((n) => seen.push(n));
  source.callback(42);
  assertEquals(seen, [42]);
});

Deno.test("Deferred lines of 100,000 that wait for each other, built backwards, do not recurse", () => {
  const line = unfired();
  line.forEach((each, i) => each.addCallback((n) => line[i + 1] ?? n));
  const seen: number[] = [];
  line[0]?.addCallback((n) => seen.push(n));
  line.forEach((each, i) => each.callback(i));
  assertEquals(seen, [MANY - 1]);
});

Deno.test("Deferred lines of 100,000 waiting Deferreds with callbacks do not recurse", () => {
  const line = unfired();
  const seen: number[] = [];
  let between = 0;
  line.forEach((each, i) => {
    each.addCallback((n) => line[i + 1] ?? n).addCallback((n) => {
      between++;
      return n + 1;
    });
  });
  line[0]?.addCallback((n) => seen.push(n));
  line.forEach((each) => each.callback(0));
  assertEquals([between, seen], [MANY, [MANY]]);
});

Deno.test("Deferred callbacks that return 100,000 fired Deferreds do not recurse", () => {
  const line = unfired();
  line.forEach((each, i) => each.addCallback((n) => line[i + 1] ?? n));
  for (let i = MANY - 1; i >= 0; i--) line[i]?.callback(i);
  const seen: number[] = [];
  line[0]?.addCallback((n) => seen.push(n));
  assertEquals(seen, [MANY - 1]);
});

Deno.test("Deferred passes failures and cancel() through 100,000 Deferreds that wait for each other", () => {
  const source = new Deferred<number>();
  let last: Deferred<number> = source;
  for (let i = 0; i < MANY; i++) {
    const inner = last;
    // With a callback in between, no Deferred in the line only passes its result on.
    last = succeed().addCallback(() => inner).addCallback((n) => n + 1);
  }
  const seen: unknown[] = [];
  last.addErrback((error) => seen.push(error));
  last.cancel();
  assertInstanceOf(seen[0], CancelledError);
});

Deno.test("Deferred callbacks run at a constant stack depth for any number of waiting Deferreds", () => {
  const depth = (length: number): number => {
    const line = unfired().slice(0, length);
    let frames = 0;
    line.forEach((each, i) => each.addCallback((n) => line[i + 1] ?? n));
    line[0]?.addCallback(() => {
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = Infinity;
      frames = new Error().stack?.split("\n").length ?? 0;
      Error.stackTraceLimit = limit;
    });
    line.forEach((each, i) => each.callback(i));
    return frames;
  };
  assert(depth(2) > 0);
  assertEquals(depth(2), depth(50));
});

Deno.test("Deferred loops whose callbacks return the next Deferred use constant memory", async () => {
  const TURNS = 1000;
  const refs: WeakRef<object>[] = [];
  let fire: (() => void) | undefined;
  const turn = (n: number): Deferred<string> => {
    const deferred = new Deferred<void>();
    refs.push(new WeakRef(deferred));
    fire = () => deferred.callback();
    return deferred.addCallback(() => n === 0 ? "done" : turn(n - 1));
  };
  const seen: string[] = [];
  turn(TURNS).addCallback((text) => seen.push(text));
  for (let i = 0; i < TURNS; i++) fire?.();
  await assertNextToNoneLeft(refs);
  fire?.();
  assertEquals(seen, ["done"]);
});

Deno.test("Deferred lines keep only their first and last waiting Deferred in memory", async () => {
  const refs: WeakRef<object>[] = [];
  const source = new Deferred<number>();
  const line = (): Deferred<number> => {
    let last: Deferred<number> = source;
    for (let i = 0; i < 1000; i++) {
      const inner = last;
      last = succeed().addCallback(() => inner);
      refs.push(new WeakRef(last));
    }
    return last;
  };
  const last = line();
  await assertNextToNoneLeft(refs);
  const seen: number[] = [];
  last.addCallback((n) => seen.push(n));
  source.callback(42);
  assertEquals(seen, [42]);
});

Deno.test("Deferred in the middle of a line does not keep the other Deferreds in memory", async () => {
  const refs: WeakRef<object>[] = [];
  const kept: Deferred<string>[] = [];
  let fire: (() => void) | undefined;
  const turn = (n: number): Deferred<string> => {
    const deferred = new Deferred<void>();
    fire = () => deferred.callback();
    const returned = deferred.addCallback(() => n === 0 ? "done" : turn(n - 1));
    if (n % 100 === 50) kept.push(returned);
    else refs.push(new WeakRef(returned));
    return returned;
  };
  const first = turn(1000);
  for (let i = 0; i < 1000; i++) fire?.();
  await assertNextToNoneLeft(refs);
  fire?.();
  const seen: unknown[] = [];
  for (const each of [first, ...kept]) each.addCallback((text) => seen.push(text));
  assertEquals(seen, ["done", ...kept.map(() => undefined)]);
});

Deno.test("Deferred releases its canceller when it fires, even if it then waits", async () => {
  const refs: WeakRef<object>[] = [];
  const withCanceller = (): Deferred<unknown> => {
    const held: { deferred?: Deferred<unknown> } = {};
    refs.push(new WeakRef(held));
    held.deferred = new Deferred<unknown>(() => held.deferred);
    return held.deferred;
  };
  const make = (): Deferred<unknown>[] => {
    const succeeded = withCanceller();
    succeeded.callback(1);
    const failed = withCanceller();
    failed.addErrback(() => {});
    failed.errback(new Error("no"));
    const waits = withCanceller();
    waits.addCallback(() => new Deferred<void>());
    waits.callback(1);
    return [succeeded, failed, waits];
  };
  const deferreds = Array.from({ length: 100 }, make);
  await assertNextToNoneLeft(refs);
  assert(deferreds.flat().every((each) => each.called));
});

Deno.test("Deferred releases callbacks that have run", async () => {
  const refs: WeakRef<object>[] = [];
  const make = (): Deferred<number> => {
    const callback = (n: number): number => n + 1;
    const errback = (): number => 0;
    refs.push(new WeakRef(callback), new WeakRef(errback));
    const deferred = new Deferred<number>();
    deferred.addCallback(callback).addErrback(errback);
    deferred.callback(1);
    return deferred;
  };
  const deferreds = Array.from({ length: 100 }, make);
  await assertNextToNoneLeft(refs);
  assert(deferreds.every((each) => each.called));
});

function permutations(items: number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest])
  );
}

Deno.test("Deferred lines run their callbacks in the same order however they were chained", () => {
  const indexes = [0, 1, 2, 3];
  for (const firing of permutations(indexes)) {
    for (const adding of permutations(indexes)) {
      const source = new Deferred<string>();
      const line = indexes.map(() => new Deferred<string>());
      // The last Deferred of the line waits on the Deferred before it, and so on.
      line.forEach((each, i) => each.addCallback(() => line[i - 1] ?? source));
      for (const i of firing) line[i]?.callback("");
      const order: string[] = [];
      for (const i of adding) line[i]?.addCallback((result) => order.push(`${i} ${result}`));
      source.callback("result");
      assertEquals(order, ["3 result", "2 undefined", "1 undefined", "0 undefined"]);
    }
  }
});
