/**
 * The plan of a conversation, drawn from the seed and the conversation's number, so that a run can
 * be repeated.
 *
 * @module
 */

/** Returns the next number of a sequence, from 0 to 1. The same seed gives the same sequence. */
export type Random = () => number;

/**
 * Creates a random sequence (Mulberry32).
 *
 * @param seed Any number of 32 bits.
 */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Returns an integer from `min` to `max` with a uniformly distributed order of magnitude. */
export function magnitude(random: Random, min: number, max: number): number {
  return Math.floor(Math.exp(Math.log(min) + random() * (Math.log(max + 1) - Math.log(min))));
}

/** Returns one of several values with the given weights. */
function oneOf<T extends string>(random: Random, weights: Record<T, number>): T {
  // Cast, because Object.entries types the keys as plain strings.
  const entries = Object.entries(weights) as [T, number][];
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  const found = entries.find(([, weight]) => (left -= weight) < 0) ?? entries[0];
  if (found === undefined) throw new Error("Cannot choose a value: there are no weights");
  return found[0];
}

/** The fault of a conversation, caused by the proxy or by one side. */
export type Fault = "none" | "half-close" | "reset" | "freeze" | "client aborts" | "server aborts";

/** The behaviour of one side. */
export interface SidePlan {
  /** The seed of the side's own decisions. */
  readonly seed: number;
  /** The sizes of the frames that the side sends, in bytes. */
  readonly frames: readonly number[];
  /** How the side sends its frames. */
  readonly style: "write" | "transfer" | "pieces" | "pull" | "push";
  /** The probability of a pause after received data. */
  readonly pauses: number;
  /** The number of received frames after which the side aborts; Infinity if it does not. */
  readonly abortsAfter: number;
}

/** The behaviour of the proxy in one direction. */
export interface FlowPlan {
  /** The seed of the direction's own decisions. */
  readonly seed: number;
  /** The largest piece of the first 4 KiB, in bytes. */
  readonly pieces: number;
  /** The maximum numbers of pauses of a few milliseconds, and of longer stalls. */
  readonly delays: number;
  readonly stalls: number;
  /** The position of the fault, in bytes; Infinity if there is none. */
  readonly faultAt: number;
}

/** The plan of one conversation. */
export interface Plan {
  readonly number: number;
  readonly fault: Fault;
  /** Whether each side closes its own direction and continues to read. */
  readonly halfCloses: boolean;
  readonly client: SidePlan;
  readonly server: SidePlan;
  /** The directions from client to server, and from server to client. */
  readonly toServer: FlowPlan;
  readonly toClient: FlowPlan;
}

/** Returns the plan of a conversation. */
export function planOf(seed: number, number: number): Plan {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca77));
  // After a few draws, neighbouring seeds give unrelated numbers.
  for (let i = 0; i < 4; i++) random();
  const fault = oneOf<Fault>(random, {
    "none": 50,
    "half-close": 15,
    "reset": 15,
    "freeze": 4,
    "client aborts": 8,
    "server aborts": 8,
  });
  const cutsToServer = random() < 0.5;
  const side = (aborts: boolean): SidePlan => ({
    seed: seedFrom(random),
    frames: random() < 0.1 ? manySmallFrames(random) : frames(random),
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
    toServer: flow(isCut && cutsToServer),
    toClient: flow(isCut && !cutsToServer),
  };
}

function seedFrom(random: Random): number {
  return Math.floor(random() * 2 ** 32);
}

/** Returns frame sizes: most are small, some larger than any buffer on the way. */
function frames(random: Random): number[] {
  return Array.from(
    { length: magnitude(random, 1, 20) - 1 },
    () => random() < 0.03 ? magnitude(random, 300_000, 3_000_000) : magnitude(random, 1, 100_000),
  );
}

/**
 * Returns one frame size that fills all buffers on the way, and many small ones, which queue up
 * behind it.
 */
function manySmallFrames(random: Random): number[] {
  return [7_000_000, ...Array.from({ length: 100 }, () => magnitude(random, 1, 1000))];
}
