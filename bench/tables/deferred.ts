/**
 * Deferreds and native promises: the time of a chain, and the memory of a pending one.
 *
 * A Deferred has its result when its callbacks have run, inside `callback()`; a promise has it once
 * it was awaited. The loads that are "also awaited" await the Deferreds as well: for any value
 * other than a native promise, `await` takes an extra promise and two microtasks.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Deferred, succeed } from "../../defer/mod.ts";
import { compare, type Options, processorSeconds, type Table, TableRecorder } from "../measure.ts";

const OURS = "Deferred";
const THEIRS = "promise";
const TIMES = 20_000;
const LIVE = 1_000_000;
const WARM_UPS = 5;
/** The rounds for each round of the options: one takes a few milliseconds. */
const ROUNDS = 5;

type Work = () => void | Promise<void>;

const increment = (n: number): number => n + 1;
/** Keeps the results alive, so that the compiler cannot remove the work. */
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

/** Each load: by Deferreds, and by promises. */
const LOADS: Record<string, readonly [ours: Work, theirs: Work]> = {
  "a callback on a fired one": [() => {
    for (let i = 0; i < TIMES; i++) last = succeed(i).addCallback(increment);
  }, awaitOne],
  "the same, also awaited": [async () => {
    for (let i = 0; i < TIMES; i++) last = await succeed(i).addCallback(increment);
  }, awaitOne],
  "a chain of ten callbacks": [() => {
    for (let i = 0; i < TIMES; i++) last = fireTen();
  }, awaitTen],
  "a chain of ten, also awaited": [async () => {
    for (let i = 0; i < TIMES; i++) last = await fireTen();
  }, awaitTen],
  "a callback that waits for an inner one": [() => {
    for (let i = 0; i < TIMES; i++) {
      const inner = new Deferred<number>();
      last = succeed(i).addCallback(() => inner).addCallback(increment);
      inner.callback(i);
    }
  }, async () => {
    for (let i = 0; i < TIMES; i++) {
      const { promise, resolve } = Promise.withResolvers<number>();
      const outer = Promise.resolve(i).then(() => promise).then(increment);
      resolve(i);
      last = await outer;
    }
  }],
};

async function awaitOne(): Promise<void> {
  for (let i = 0; i < TIMES; i++) last = await Promise.resolve(i).then(increment);
}

async function awaitTen(): Promise<void> {
  for (let i = 0; i < TIMES; i++) last = await resolveTen();
}

/** Returns the nanoseconds that one of many takes. */
async function time(work: Work): Promise<Record<string, number>> {
  const start = processorSeconds();
  await work();
  return { time: (processorSeconds() - start) / TIMES * 1e9 };
}

/** Returns the heap bytes of one of the many values that `make` creates, without the array. */
function weigh(make: () => unknown): Record<string, number> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const live: unknown[] = new Array(LIVE).fill(undefined);
  collect();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < LIVE; i++) live[i] = make();
  collect();
  const memory = (Deno.memoryUsage().heapUsed - before) / live.length;
  last = live;
  return { memory };
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Deferreds",
    shape: "pairs",
    metrics: {
      time: { title: "processor time", unit: "ns" },
      memory: { title: "memory", unit: "B" },
    },
    references: [OURS],
  }, options);
  for (const [name, [ours, theirs]] of Object.entries(LOADS)) {
    const contenders = [
      { name: OURS, run: () => time(ours) },
      { name: THEIRS, run: () => time(theirs) },
    ];
    await compare(recorder, name, contenders, ROUNDS * options.rounds, WARM_UPS);
  }
  recorder.add("a live one", OURS, weigh(() => new Deferred<number>()));
  recorder.add("a live one", THEIRS, weigh(() => Promise.withResolvers().promise));
  if (last === undefined) throw new Error("Cannot report: nothing was measured");
  return recorder.finish();
}
