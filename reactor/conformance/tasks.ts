/**
 * What the tests of threads have threads do.
 *
 * @module
 */

import { isMainThread } from "node:worker_threads";
import { currentTask } from "../threads/current_task.ts";

let done = 0;

/** A sum. */
export function add(a: number, b: number): number {
  return a + b;
}

/** Whether this is the thread that the program began with. */
export function isInIOThread(): Promise<boolean> {
  return Promise.resolve(isMainThread);
}

/** How often this has been called in this thread. */
export function countInModule(): number {
  return ++done;
}

/** Calls `at` `n` times. */
export function countTo(n: number, at: (i: number) => void): number {
  for (let i = 0; i < n; i++) at(i);
  return n;
}

/** Calls `at` `n` times, and counts in `sent[0]` how often it is about to. */
export function flood(n: number, sent: Int32Array, at: () => void): void {
  for (let i = 0; i < n; i++) {
    Atomics.add(sent, 0, 1);
    at();
  }
}

/** Calls `at` `n` times with what cannot be sent, and gives the names of the errors. */
export function callInVain(n: number, at: (f: () => void) => void): string[] {
  const names = new Set<string>();
  for (let i = 0; i < n; i++) {
    try {
      at(() => {});
    } catch (error) {
      names.add(error instanceof Error ? error.name : String(error));
    }
  }
  return [...names];
}

/** Throws. */
export function fail(): never {
  const error = new RangeError("too far", { cause: new TypeError("deep down") });
  throw Object.assign(error, { code: "EFAR" });
}

/** Throws where no caller can catch it: in a timer, or in a promise that nobody waits for. */
export function crash(where: "timer" | "promise"): Promise<never> {
  const error = new RangeError("uncaught", { cause: new TypeError("deep down") });
  if (where === "timer") {
    setTimeout(() => {
      throw error;
    });
  } else {
    Promise.reject(error);
  }
  return new Promise(() => {});
}

/** Throws in a timer once the task is over. */
export function crashLater(): void {
  setTimeout(() => {
    throw new RangeError("uncaught, and idle");
  });
}

/** Ends the thread. */
export function exit(how: "Deno.exit" | "close"): Promise<never> {
  if (how === "Deno.exit") Deno.exit(7);
  globalThis.close();
  return new Promise(() => {});
}

/**
 * Holds a connection to a port, and waits for nothing. The connection closes when the thread ends.
 */
export async function waitForever(port: number): Promise<never> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new Uint8Array(1));
  return new Promise(() => {});
}

/** The same, but computes, and says so each time round. */
export async function computeForever(port: number, round: () => void): Promise<never> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new Uint8Array(1));
  for (;;) round();
}

/** Computes without end, and listens to nobody. */
export function computeAlone(begun: () => void): never {
  begun();
  for (;;);
}

/** Computes until `released[0]` is set, and does not look at its cancellation. */
export function computeUntil(released: Int32Array, begun: () => void): void {
  begun();
  while (Atomics.load(released, 0) === 0);
}

/** Computes until it is cancelled. */
export function computeWatching(begun: () => void): never {
  const task = currentTask();
  task.throwIfCancelled();
  begun();
  for (;;) task.throwIfCancelled();
}

/** Waits until it is cancelled, cleans up, and notes in `seen[0]` that it has done so. */
export async function waitWatching(seen: Int32Array, begun: () => void): Promise<never> {
  const { signal } = currentTask();
  try {
    begun();
    return await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  } finally {
    await Promise.resolve();
    Atomics.add(seen, 0, signal.reason?.name === "CancelledError" ? 1 : 100);
  }
}

/** Whether the task is seen as cancelled, by each way to look. */
export function looks(): [boolean, boolean] {
  currentTask().throwIfCancelled();
  return [currentTask().cancelled, currentTask().signal.aborted];
}

const EXHAUST = {
  "at once": fillHeap,
  "after an await": () => new Promise((resolve) => setTimeout(resolve)).then(fillHeap),
  "in a microtask": () => Promise.resolve().then(fillHeap),
  "in a timer": () => new Promise(() => setTimeout(fillHeap)),
  "in strings": fillWithStrings,
  "in a copy": fillWithCopies,
};

/** Fills the heap. */
export function exhaust(where: keyof typeof EXHAUST): unknown {
  return EXHAUST[where]();
}

function fillHeap(): never {
  const kept: unknown[] = [];
  for (;;) kept.push({ i: kept.length });
}

function fillWithStrings(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(JSON.parse(JSON.stringify({ text: `${kept.length}`.padEnd(100_000, "x") })));
}

function fillWithCopies(): never {
  const list = Array.from({ length: 200_000 }, (_, i) => ({ i }));
  const kept: unknown[] = [];
  for (;;) kept.push(structuredClone(list));
}
