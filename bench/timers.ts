/**
 * Timed calls against the host's timers, in one process: schedule and cancel, schedule and fire.
 *
 * Prints nanoseconds per call, best of some rounds, and how many times cheaper `callLater` is. usage: deno run bench/timers.ts [N] [rounds]
 *
 * @module
 */

import { DenoReactor } from "../reactor/mod.ts";

const [count = "200000", rounds = "5"] = Deno.args;
const N = Number(count);
const reactor = new DenoReactor();

// Spread as in a server's life: a prime step walks all over the range.
const farDelayMs = (i: number): number => 60_000 + (i * 7919) % 60_000;
const nearDelayMs = (i: number): number => (i * 7919) % 50;
const nothing = (): void => {};

function nativeCancel(): Promise<void> {
  const timers: ReturnType<typeof setTimeout>[] = [];
  for (let i = 0; i < N; i++) timers.push(setTimeout(nothing, farDelayMs(i)));
  for (const timer of timers) clearTimeout(timer);
  return Promise.resolve();
}

function nativeFire(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let fired = 0;
  const fire = (): void => {
    if (++fired === N) resolve();
  };
  for (let i = 0; i < N; i++) setTimeout(fire, nearDelayMs(i));
  return promise;
}

function reactorCancel(): Promise<void> {
  const calls: { cancel(): void }[] = [];
  for (let i = 0; i < N; i++) calls.push(reactor.callLater(farDelayMs(i) / 1000, nothing));
  for (const call of calls) call.cancel();
  return Promise.resolve();
}

function reactorFire(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let fired = 0;
  const fire = (): void => {
    if (++fired === N) resolve();
  };
  for (let i = 0; i < N; i++) reactor.callLater(nearDelayMs(i) / 1000, fire);
  return promise;
}

/** The best of the rounds, in nanoseconds per call. */
async function measure(run: () => Promise<void>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < Number(rounds); round++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6 / N;
}

async function compare(
  name: string,
  native: () => Promise<void>,
  ours: () => Promise<void>,
): Promise<void> {
  const nativeNs = await measure(native);
  const oursNs = await measure(ours);
  const ratio = nativeNs / oursNs;
  console.log(
    `${name}: setTimeout ${nativeNs.toFixed(0)} ns, callLater ${oursNs.toFixed(0)} ns: ${
      ratio.toFixed(1)
    } times cheaper`,
  );
}

const stopped = reactor.run();
await compare("schedule and cancel", nativeCancel, reactorCancel);
await compare("schedule and fire", nativeFire, reactorFire);
reactor.stop();
await stopped;
