/**
 * Compares timed calls with the host's timers, in one process, with few and many pending.
 *
 * Usage: `deno run bench/timers.ts [PENDING] [ROUNDS]`. PENDING is one number or several with
 * commas.
 *
 * Each line has the processor time per call in nanoseconds, as the best of the rounds, and the time
 * of `callLater` as a part of that of `setTimeout`. Calls are cancelled and reset in another order
 * than that in which they were made, unless the line says otherwise. A host's timer is reset by
 * `clearTimeout` and `setTimeout`. The processor time is that of all threads, garbage collection
 * included; a wait of up to 50 ms for the last call does not count. The goal is at most 0.1 times
 * with a million pending.
 */

import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DenoReactor } from "../reactor/mod.ts";

const [sizes = "1000,200000,1000000", rounds = "3"] = Deno.args;
const ROUNDS = Number(rounds);
// Operations on few calls are repeated in each round, because the clock of the processor time is
// coarse.
const LEAST_OPERATIONS = 20_000;

const reactor = new DenoReactor();
const nothing = (): void => {};

/** The timers of one side. A delay is in milliseconds. */
interface Timers<T> {
  schedule(f: () => void, delay: number): T;
  cancel(timer: T): void;
  /** Gives the timer another delay. Returns the timer that is pending then. */
  reset(timer: T, delay: number): T;
}

const native: Timers<ReturnType<typeof setTimeout>> = {
  schedule: (f, delay) => setTimeout(f, delay),
  cancel: (timer) => clearTimeout(timer),
  reset: (timer, delay) => {
    clearTimeout(timer);
    return setTimeout(nothing, delay);
  },
};

const ours: Timers<ReturnType<typeof reactor.callLater>> = {
  schedule: (f, delay) => reactor.callLater(delay / 1000, f),
  cancel: (call) => call.cancel(),
  reset: (call, delay) => {
    call.reset(delay / 1000);
    return call;
  },
};

// A prime step spreads the delays over the whole range, and visits the calls in another order. It
// divides no count that is a power of ten.
const STEP = 7919;
/** Returns the delay of a timeout, in milliseconds: one to two minutes. */
const inAMinuteOrTwo = (i: number): number => 60_000 + (i * STEP) % 60_000;

/** The operations of one side on a number of pending calls, and their best times. */
class Side<T> {
  /** The nanoseconds per call of each operation. */
  readonly best = new Map<string, number>();
  readonly #timers: Timers<T>;
  readonly #count: number;

  constructor(timers: Timers<T>, count: number) {
    this.#timers = timers;
    this.#count = count;
  }

  /** Schedules, resets, cancels and fires all calls. */
  async round(): Promise<void> {
    const repeats = Math.max(1, Math.ceil(LEAST_OPERATIONS / this.#count));
    const spent = new Map<string, number>();
    for (let i = 0; i < repeats; i++) await this.#operations(spent);
    for (const [name, microseconds] of spent) {
      const cost = microseconds * 1000 / this.#count / repeats;
      this.best.set(name, Math.min(cost, this.best.get(name) ?? Infinity));
    }
  }

  /** Returns the heap bytes of a pending call, without the array that holds it. */
  weigh(collect: () => void): number {
    const pending = new Array<T | undefined>(this.#count).fill(undefined);
    collect();
    const before = Deno.memoryUsage();
    for (let i = 0; i < this.#count; i++) {
      pending[i] = this.#timers.schedule(nothing, inAMinuteOrTwo(i));
    }
    collect();
    const after = Deno.memoryUsage();
    for (const timer of pending) if (timer !== undefined) this.#timers.cancel(timer);
    return (after.heapUsed + after.external - before.heapUsed - before.external) / this.#count;
  }

  async #operations(spent: Map<string, number>): Promise<void> {
    const { schedule, cancel, reset } = this.#timers;
    const count = this.#count;
    const pending: T[] = [];
    const time = async (name: string, work: () => void | Promise<void>): Promise<void> => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      spent.set(name, user + system + (spent.get(name) ?? 0));
    };
    const each = (f: (timer: T, i: number) => T | void): void => {
      for (let n = 0; n < count; n++) {
        const i = (n * STEP) % count;
        // The index is in range, which the type of an array cannot express.
        const timer = f(pending[i] as T, i);
        if (timer !== undefined) pending[i] = timer;
      }
    };
    const scheduleAll = (): void => {
      for (let i = 0; i < count; i++) pending[i] = schedule(nothing, inAMinuteOrTwo(i));
    };
    await time("schedule", scheduleAll);
    await time("reset to later", () => each((timer, i) => reset(timer, 2 * inAMinuteOrTwo(i))));
    await time("reset to earlier", () => each((timer, i) => reset(timer, inAMinuteOrTwo(i) / 2)));
    await time("cancel", () => each((timer) => cancel(timer)));
    scheduleAll();
    await time("cancel, the oldest first", () => pending.forEach((timer) => cancel(timer)));
    await time("schedule and fire", () => this.#fire((i) => (i * STEP) % 50));
    // Delays of loops that correct their drift. The host truncates them to whole milliseconds.
    await time("schedule and fire, fractions", () => this.#fire((i) => (i * 7919.1) % 50));
  }

  /** Schedules all calls within 50 ms, and waits for the last one. */
  #fire(delayOf: (i: number) => number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = this.#count;
    const fire = (): void => {
      if (--left === 0) resolve();
    };
    for (let i = 0; i < this.#count; i++) this.#timers.schedule(fire, delayOf(i));
    return promise;
  }
}

async function compare(count: number): Promise<void> {
  console.log(`\n${count} pending, at least ${ROUNDS} times`);
  const [host, library] = [new Side(native, count), new Side(ours, count)];
  // Not in turns, so that each side collects only its own garbage.
  for (let round = 0; round < ROUNDS; round++) await library.round();
  for (let round = 0; round < ROUNDS; round++) await host.round();
  for (const [name, cost] of library.best) print(name, host.best.get(name) ?? NaN, cost, "ns");
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  print("memory", host.weigh(collect), library.weigh(collect), "bytes");
}

function print(name: string, host: number, library: number, unit: string): void {
  const ratio = (library / host).toFixed(2);
  console.log(
    `${name}: setTimeout ${host.toFixed(0)} ${unit}, callLater ${library.toFixed(0)} ${unit}: ` +
      `${ratio} times`,
  );
}

const stopped = reactor.run();
for (const size of sizes.split(",")) await compare(Number(size));
reactor.stop();
await stopped;
