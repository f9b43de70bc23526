/**
 * Measures the cost of Deferreds relative to native promises, and the memory of a pending Deferred.
 * Both sides of a ratio run in turns.
 *
 * Usage: `deno run bench/defer.ts`
 *
 * A ratio below 1 means that Deferreds are faster. The program exits with 1 if a ratio of the first
 * group is above 1, or if a Deferred takes 200 bytes or more. A Deferred has its result when its
 * callbacks have run, inside `callback()`; a promise has it once it was awaited. The second group
 * also awaits the Deferreds, which is not an equal comparison: for any value other than a native
 * promise, `await` takes an extra promise and two microtasks.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Deferred, succeed } from "../defer/mod.ts";

const ROUNDS = 25;
const TIMES = 20_000;
const LIVE = 1_000_000;

type Work = () => void | Promise<void>;

const increment = (n: number): number => n + 1;
let last: unknown;

function fireTen(): Deferred<number> {
  const deferred = new Deferred<number>();
  deferred
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment)
    .addCallback(increment);
  deferred.callback(1);
  return deferred;
}

function resolveTen(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const end = promise
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment)
    .then(increment);
  resolve(1);
  return end;
}

async function callbackOnFired(): Promise<number> {
  const fired = (): void => {
    for (let i = 0; i < TIMES; i++) last = succeed(i).addCallback(increment);
  };
  return await ratio(fired, async () => {
    for (let i = 0; i < TIMES; i++) last = await Promise.resolve(i).then(increment);
  });
}

async function chainOfTen(): Promise<number> {
  const fire = (): void => {
    for (let i = 0; i < TIMES; i++) last = fireTen();
  };
  return await ratio(fire, async () => {
    for (let i = 0; i < TIMES; i++) last = await resolveTen();
  });
}

async function callbackOnFiredAwaited(): Promise<number> {
  return await ratio(async () => {
    for (let i = 0; i < TIMES; i++) last = await succeed(i).addCallback(increment);
  }, async () => {
    for (let i = 0; i < TIMES; i++) last = await Promise.resolve(i).then(increment);
  });
}

async function chainOfTenAwaited(): Promise<number> {
  return await ratio(async () => {
    for (let i = 0; i < TIMES; i++) last = await fireTen();
  }, async () => {
    for (let i = 0; i < TIMES; i++) last = await resolveTen();
  });
}

async function waitOnInner(): Promise<number> {
  const wait = (): void => {
    for (let i = 0; i < TIMES; i++) {
      const inner = new Deferred<number>();
      last = succeed(i).addCallback(() => inner).addCallback(increment);
      inner.callback(i);
    }
  };
  return await ratio(wait, async () => {
    for (let i = 0; i < TIMES; i++) {
      const { promise, resolve } = Promise.withResolvers<number>();
      const outer = Promise.resolve(i).then(() => promise).then(increment);
      resolve(i);
      last = await outer;
    }
  });
}

/** Returns the best time of `ours` divided by the best time of `theirs`, which run in turns. */
async function ratio(ours: Work, theirs: Work): Promise<number> {
  let [best, bestOther] = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    best = Math.min(best, await time(ours));
    bestOther = Math.min(bestOther, await time(theirs));
  }
  return best / bestOther;
}

async function time(work: Work): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Returns the heap bytes of one of the many values that `make` creates, without the array. */
function weigh(make: () => unknown): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const live: unknown[] = new Array(LIVE).fill(undefined);
  collect();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < LIVE; i++) live[i] = make();
  collect();
  const bytes = (Deno.memoryUsage().heapUsed - before) / live.length;
  last = live;
  return bytes;
}

let failed = false;

function print(name: string, value: number, unit: string, limit = Infinity): void {
  if (value > limit) failed = true;
  const verdict = limit === Infinity ? "" : `  (at most ${limit}: ${value > limit ? "NO" : "ok"})`;
  console.log(`${name.padEnd(52)}${value.toFixed(2).padStart(8)} ${unit}${verdict}`);
}

print("addCallback() on a fired Deferred / promise, awaited", await callbackOnFired(), "x", 1);
print("chain of ten / chain of ten promises, awaited", await chainOfTen(), "x", 1);
print("wait on inner Deferred / inner promise, awaited", await waitOnInner(), "x", 1);
print("addCallback() on a fired Deferred, also awaited", await callbackOnFiredAwaited(), "x");
print("chain of ten, also awaited", await chainOfTenAwaited(), "x");
print("a live Deferred, of 1,000,000", weigh(() => new Deferred<number>()), "bytes", 200);
print(
  "a live Deferred with a callback and an errback",
  weigh(() => new Deferred<number>().addCallback(increment).addErrback(() => 0)),
  "bytes",
);
print("a live promise, for comparison", weigh(() => Promise.withResolvers().promise), "bytes");

if (last === undefined) throw new Error("Cannot report: nothing was measured");
if (failed) Deno.exit(1);
