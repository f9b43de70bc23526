/**
 * Timed calls and the host's timers, in one process, with few and many pending.
 *
 * Each figure is the processor time per call. Calls are cancelled and reset in another order than
 * that in which they were made, unless the load says otherwise. A host's timer is reset by
 * `clearTimeout` and `setTimeout`. The processor time is that of all threads, garbage collection
 * included; a wait of up to 50 ms for the last call does not count.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DenoReactor } from "../../reactor/mod.ts";
import { type Options, processorSeconds, type Table, TableRecorder } from "../measure.ts";

const SIZES = [1000, 200_000, 1_000_000];
/** The number of pending calls for each second of the options, so that a short run has fewer. */
const MOST_PER_SECOND = 2_500_000;
// Operations on few calls are repeated in each round, because the clock of the processor time is
// coarse. Beside many pending calls, they are measured on a part of them.
const OPERATIONS = 20_000;
/** The memory of more pending calls than these is not measured. */
const MANY = 200_000;
const HOST = "setTimeout";
const OURS = "callLater";

const reactor = new DenoReactor();
setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
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

/** The operations of one side on a number of pending calls. */
class Side<T> {
  readonly #timers: Timers<T>;
  readonly #count: number;
  /** The number of calls that the operations are measured on. */
  readonly #sample: number;
  /** The calls. The last ones are the sample, which is pending only during the operations. */
  readonly #pending: T[] = [];

  constructor(timers: Timers<T>, count: number) {
    this.#timers = timers;
    this.#count = count;
    this.#sample = Math.min(count, OPERATIONS);
  }

  /**
   * Schedules, resets, cancels and fires calls. Returns the nanoseconds of each operation, for each
   * round.
   */
  async measure(rounds: number): Promise<Map<string, number>[]> {
    const repeats = Math.max(1, Math.ceil(OPERATIONS / this.#count));
    this.#schedule(0, this.#count - this.#sample);
    // The garbage collector moves the long-lived calls now, so that the operations do not pay for
    // it.
    collect();
    const costs: Map<string, number>[] = [];
    for (let round = 0; round < rounds; round++) {
      const spent = new Map<string, number>();
      for (let i = 0; i < repeats; i++) await this.#operate(spent);
      for (const [name, cost] of spent) spent.set(name, cost / repeats);
      costs.push(spent);
    }
    for (const timer of this.#pending.slice(0, -this.#sample)) this.#timers.cancel(timer);
    this.#pending.length = 0;
    return costs;
  }

  /** Returns the heap bytes of a pending call, without the array that holds it. */
  weigh(): number {
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

  #schedule(first: number, end: number): void {
    for (let i = first; i < end; i++) {
      this.#pending[i] = this.#timers.schedule(nothing, inAMinuteOrTwo(i));
    }
  }

  /** Measures the operations on the sample, beside the other pending calls. */
  async #operate(spent: Map<string, number>): Promise<void> {
    const { cancel, reset } = this.#timers;
    const pending = this.#pending;
    const count = this.#count;
    const sample = this.#sample;
    const first = count - sample;
    const time = async (name: string, work: () => void | Promise<void>): Promise<void> => {
      const before = processorSeconds();
      await work();
      const cost = (processorSeconds() - before) / sample * 1e9;
      spent.set(name, cost + (spent.get(name) ?? 0));
    };
    const each = (f: (timer: T, i: number) => T | void): void => {
      for (let n = 0; n < sample; n++) {
        const i = first + (n * STEP) % sample;
        // The index is in range, which the type of an array cannot express.
        const timer = f(pending[i] as T, i);
        if (timer !== undefined) pending[i] = timer;
      }
    };
    await time("schedule", () => this.#schedule(first, count));
    await time("reset to later", () => each((timer, i) => reset(timer, 2 * inAMinuteOrTwo(i))));
    await time("reset to earlier", () => each((timer, i) => reset(timer, inAMinuteOrTwo(i) / 2)));
    await time("cancel", () => each((timer) => cancel(timer)));
    this.#schedule(first, count);
    await time("cancel, in order", () => pending.slice(first).forEach((timer) => cancel(timer)));
    await time("schedule and fire", () => this.#fire(sample, (i) => (i * STEP) % 50));
    // Delays of loops that correct their drift. The host truncates them to whole milliseconds.
    await time(
      "schedule and fire, fractions",
      () => this.#fire(sample, (i) => (i * 7919.1) % 50),
    );
  }

  /** Schedules calls within 50 ms, and waits for the last one. */
  #fire(count: number, delayOf: (i: number) => number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = count;
    const fire = (): void => {
      if (--left === 0) resolve();
    };
    for (let i = 0; i < count; i++) this.#timers.schedule(fire, delayOf(i));
    return promise;
  }
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Timed calls",
    shape: "pairs",
    metrics: {
      time: { title: "processor time per call", unit: "ns" },
      memory: { title: "memory", unit: "B" },
    },
    references: [OURS],
  }, options);
  const stopped = reactor.run();
  const most = options.seconds * MOST_PER_SECOND;
  for (const count of SIZES.filter((count) => count <= most)) {
    await compareSides(count, options.rounds, recorder);
  }
  reactor.stop();
  await stopped;
  return recorder.finish();
}

async function compareSides(
  count: number,
  rounds: number,
  recorder: TableRecorder,
): Promise<void> {
  const pending = `${count.toLocaleString("en")} pending`;
  const run = async <T>(name: string, side: Side<T>): Promise<void> => {
    for (const spent of await side.measure(rounds)) {
      for (const [operation, time] of spent) {
        recorder.add(`${pending}: ${operation}`, name, { time });
      }
    }
  };
  const [host, library] = [new Side(native, count), new Side(ours, count)];
  // Not in turns, so that each side collects only its own garbage.
  await run(OURS, library);
  await run(HOST, host);
  if (count > MANY) return;
  recorder.add(`${pending}: a call`, OURS, { memory: library.weigh() });
  recorder.add(`${pending}: a call`, HOST, { memory: host.weigh() });
}
