/**
 * The options of connections in memory, checked and with defaults.
 *
 * @module
 */

import { checkInteger, quote } from "../internal/validation.ts";
import type { MemoryPipeOptions } from "../reactor/drivers/memory/memory_driver.ts";
import { RandomStream } from "./random_stream.ts";

/** The options of a connection in memory that concern its bytes. */
export interface MemoryLinkOptions {
  /**
   * The number of bytes that can be in transit in each direction, at least 1. A connection with
   * more to write waits until its peer reads: a small number tests backpressure.
   *
   * @default {65536}
   */
  capacity?: number | undefined;
  /**
   * The size of the largest chunk that `dataReceived` receives, in bytes, at least 1; or
   * `"random"`, for chunks of random sizes from one byte up, which `seed` decides.
   *
   * @default {65536}
   */
  chunkSize?: number | "random" | undefined;
  /**
   * The number that decides the random sizes, an integer of at least 0. The same number gives the
   * same sizes.
   *
   * @default {0}
   */
  seed?: number | undefined;
}

/** The largest value of an option: 1 GiB. */
const MAX_SIZE = 2 ** 30;
/** Random chunks have up to 2 to this power bytes. */
const MAX_BITS = 16;

/**
 * Checks the options of a connection in memory.
 *
 * @param options The options.
 * @returns The options of its pipe.
 * @throws {RangeError | TypeError} If an option is out of range.
 */
export function memoryLink(
  options: MemoryLinkOptions,
): Pick<MemoryPipeOptions, "capacity" | "chunkSize" | "mergesWrites"> {
  const { capacity = 65536, chunkSize = 65536, seed = 0 } = options;
  checkInteger("capacity", capacity, 1, MAX_SIZE);
  checkInteger("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  if (chunkSize === "random") return { capacity, mergesWrites: true, chunkSize: randomSizes(seed) };
  if (typeof chunkSize === "string") {
    throw new TypeError(`chunkSize must be a number of bytes or "random", got ${quote(chunkSize)}`);
  }
  checkInteger("chunkSize", chunkSize, 1, MAX_SIZE);
  return { capacity, mergesWrites: true, chunkSize };
}

/** Returns a function that returns random sizes. Small sizes are as frequent as large ones. */
function randomSizes(seed: number): () => number {
  const random = new RandomStream(`chunks/${seed}`);
  return () => random.between(1, 2 ** random.between(0, MAX_BITS));
}
