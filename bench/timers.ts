/**
 * Compares timed calls with the host's timers, in one process: scheduled and cancelled, scheduled
 * and fired.
 *
 * Usage: `deno run bench/timers.ts [CALLS] [ROUNDS]`
 *
 * Each line has the processor time per call in nanoseconds, as the best of the rounds, and how many
 * times cheaper `callLater` is. The goal is at least 5. Both sides get the same functions and
 * delays, and both wait for the last call that they fire; that wait of up to 50 ms does not count.
 * The processor time is that of all threads, garbage collection included.
 */

import process from "node:process";
import { DenoReactor } from "../reactor/mod.ts";

const [calls = "200000", rounds = "7"] = Deno.args;
const CALLS = Number(calls);
const ROUNDS = Number(rounds);

const reactor = new DenoReactor();
const nothing = (): void => {};

/**
 * Returns the delay of each call, in milliseconds. A prime step spreads them over the whole range.
 */
type Delays = (i: number) => number;
const inAMinuteOrTwo: Delays = (i) => 60_000 + (i * 7919) % 60_000;
const within50Ms: Delays = (i) => (i * 7919) % 50;
// Delays of loops that correct their drift. The host truncates them to whole milliseconds.
const fractional: Delays = (i) => (i * 7919.1) % 50;

type Work = () => void | Promise<void>;

function cancelNative(delayOf: Delays): void {
  const timers: ReturnType<typeof setTimeout>[] = [];
  for (let i = 0; i < CALLS; i++) timers.push(setTimeout(nothing, delayOf(i)));
  for (const timer of timers) clearTimeout(timer);
}

function cancelOurs(delayOf: Delays): void {
  const calls: { cancel(): void }[] = [];
  for (let i = 0; i < CALLS; i++) calls.push(reactor.callLater(delayOf(i) / 1000, nothing));
  for (const call of calls) call.cancel();
}

/** Returns a function for all calls, and a promise that resolves with the last call. */
function countdown(): { fire: () => void; done: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = CALLS;
  const fire = (): void => {
    if (--left === 0) resolve();
  };
  return { fire, done: promise };
}

function fireNative(delayOf: Delays): Promise<void> {
  const { fire, done } = countdown();
  for (let i = 0; i < CALLS; i++) setTimeout(fire, delayOf(i));
  return done;
}

function fireOurs(delayOf: Delays): Promise<void> {
  const { fire, done } = countdown();
  for (let i = 0; i < CALLS; i++) reactor.callLater(delayOf(i) / 1000, fire);
  return done;
}

/** Returns the nanoseconds per call, as the best of the rounds. */
async function cost(work: Work): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) * 1000 / CALLS);
  }
  return best;
}

async function compare(name: string, native: Work, ours: Work): Promise<void> {
  // Not in turns, so that each side collects only its own garbage.
  const oursCost = await cost(ours);
  const nativeCost = await cost(native);
  const ratio = (nativeCost / oursCost).toFixed(1);
  console.log(
    `${name}: setTimeout ${nativeCost.toFixed(0)} ns, callLater ${oursCost.toFixed(0)} ns: ` +
      `${ratio} times cheaper`,
  );
}

const stopped = reactor.run();
await compare(
  "schedule and cancel",
  () => cancelNative(inAMinuteOrTwo),
  () => cancelOurs(inAMinuteOrTwo),
);
await compare("schedule and fire", () => fireNative(within50Ms), () => fireOurs(within50Ms));
await compare(
  "schedule and fire, fractional delays",
  () => fireNative(fractional),
  () => fireOurs(fractional),
);
reactor.stop();
await stopped;
