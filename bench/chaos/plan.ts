/**
 * What happens in one conversation: drawn from the seed and the conversation's number, so that a
 * run can be repeated.
 *
 * @module
 */

/** A sequence of numbers from 0 to 1, the same for the same seed. */
export type Random = () => number;

/** Mulberry32. @param seed Any number of 32 bits. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `min` to `max`, whose order of magnitude is drawn evenly. */
export function magnitude(random: Random, min: number, max: number): number {
  return Math.floor(Math.exp(Math.log(min) + random() * (Math.log(max + 1) - Math.log(min))));
}

/** One of several, each as likely as its weight says. */
function oneOf<T extends string>(random: Random, weights: Record<T, number>): T {
  // Object.entries knows the keys as strings only.
  const entries = Object.entries(weights) as [T, number][];
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  const found = entries.find(([, weight]) => (left -= weight) < 0) ?? entries[0];
  if (found === undefined) throw new Error("Cannot choose one of nothing");
  return found[0];
}

/** What goes wrong: on the way, or because one side gives up. */
export type Fault = "none" | "half-close" | "reset" | "freeze" | "client aborts" | "server aborts";

/** What one side does. */
export interface SidePlan {
  /** Seed of the side's own decisions. */
  readonly seed: number;
  /** Sizes of the frames that it sends, in bytes. */
  readonly frames: readonly number[];
  /** How it sends them. */
  readonly style: "write" | "transfer" | "pieces" | "pull" | "push";
  /** How likely it pauses when it has received something. */
  readonly pauses: number;
  /** After how many frames of its peer it aborts the connection; Infinity if it does not. */
  readonly abortsAfter: number;
}

/** What the proxy does to one direction. */
export interface FlowPlan {
  /** Seed of the flow's own decisions. */
  readonly seed: number;
  /** The largest piece of its first 4 KiB, in bytes. */
  readonly pieces: number;
  /**
   * How many times at most it waits a few milliseconds, and how many times it stalls for longer.
   */
  readonly delays: number;
  readonly stalls: number;
  /** Where the fault is, in bytes; Infinity where there is none. */
  readonly faultAt: number;
}

/** One conversation. */
export interface Plan {
  readonly number: number;
  readonly fault: Fault;
  /** Whether each side ends its own direction, and reads on. */
  readonly halfCloses: boolean;
  readonly client: SidePlan;
  readonly server: SidePlan;
  /** From the client to the server, and back. */
  readonly forth: FlowPlan;
  readonly back: FlowPlan;
}

/** The plan of a conversation. */
export function planOf(seed: number, number: number): Plan {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca77));
  // A few draws apart, seeds that are neighbours have nothing in common.
  for (let i = 0; i < 4; i++) random();
  const fault = oneOf<Fault>(random, {
    "none": 50,
    "half-close": 15,
    "reset": 15,
    "freeze": 4,
    "client aborts": 8,
    "server aborts": 8,
  });
  const cutsForth = random() < 0.5;
  const side = (aborts: boolean): SidePlan => ({
    seed: seedFrom(random),
    frames: random() < 0.1 ? crumbs(random) : frames(random),
    style: oneOf(random, { write: 3, transfer: 2, pieces: 2, pull: 2, push: 2 }),
    pauses: random() < 0.5 ? 0 : random() * 0.3,
    abortsAfter: aborts ? Math.floor(random() * 5) : Infinity,
  });
  const flow = (isCut: boolean): FlowPlan => ({
    seed: seedFrom(random),
    pieces: [8, 100, 1500, 65536][Math.floor(random() * 4)] ?? 1500,
    delays: Math.floor(random() * 8),
    stalls: random() < 0.3 ? 1 : 0,
    faultAt: isCut ? magnitude(random, 1, 400_000) - 1 : Infinity,
  });
  const isCut = fault === "half-close" || fault === "reset" || fault === "freeze";
  return {
    number,
    fault,
    halfCloses: random() < 0.3,
    client: side(fault === "client aborts"),
    server: side(fault === "server aborts"),
    forth: flow(isCut && cutsForth),
    back: flow(isCut && !cutsForth),
  };
}

function seedFrom(random: Random): number {
  return Math.floor(random() * 2 ** 32);
}

/** Most are small, some are larger than any buffer on the way. */
function frames(random: Random): number[] {
  return Array.from(
    { length: magnitude(random, 1, 20) - 1 },
    () => random() < 0.03 ? magnitude(random, 300_000, 3_000_000) : magnitude(random, 1, 100_000),
  );
}

/**
 * One that fills all buffers on the way, and behind it many small ones, which gather until there is
 * room.
 */
function crumbs(random: Random): number[] {
  return [7_000_000, ...Array.from({ length: 100 }, () => magnitude(random, 1, 1000))];
}
