/**
 * Random numbers from a seed: a tree of independent streams that grows from one text.
 *
 * In a simulation, each host and each link draws from a stream of its own, so that a draw in one
 * place does not change the numbers of another. All arithmetic is on 32-bit integers, so a seed
 * gives the same numbers on every machine.
 *
 * @module
 */

import { checkInteger } from "../internal/validation.ts";

/** 2 to the power of 32: the number of values of {@linkcode RandomStream.uint32}. */
export const UINT32_RANGE = 4294967296;

/**
 * A stream of random numbers: the generator sfc32 of Chris Doty-Humphrey (PractRand, 2010), which
 * passes the statistical tests of that suite. Its period is at least 2^32 numbers, and about 2^127
 * on average.
 */
export class RandomStream {
  readonly #key: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * Creates a stream at its start.
   *
   * @param key The text that decides all numbers.
   */
  constructor(key: string) {
    this.#key = key;
    this.#a = hash(key, 0x9e3779b9);
    this.#b = hash(key, 0x85ebca6b);
    this.#c = hash(key, 0xc2b2ae35);
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /**
   * Returns an independent stream. The key of this stream and the name decide its numbers, however
   * many numbers this stream has returned.
   *
   * @param name The name of the new stream.
   */
  fork(name: string): RandomStream {
    // The length keeps the streams of `a` and `b` apart from that of `a/b`.
    return new RandomStream(`${this.#key}/${name.length}:${name}`);
  }

  /** Returns an integer from 0 to 4,294,967,295. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /**
   * Returns an integer from 0 up to, but not including, `limit`.
   *
   * @param limit The number of values, from 1 to 4,294,967,296.
   * @throws {RangeError | TypeError} If the limit is out of range or not a number.
   */
  below(limit: number): number {
    checkInteger("below() limit", limit, 1, UINT32_RANGE);
    // The product is less than 2^64, and its rounding does not depend on the machine. The
    // probability of each result differs by less than 2^-32 from that of the others.
    return Math.floor((this.uint32() * limit) / UINT32_RANGE);
  }

  /**
   * Returns an integer from `least` to `most`, both included.
   *
   * @param least The least value.
   * @param most The greatest value, at least `least`.
   * @throws {RangeError | TypeError} If a value is not an integer, or the range is empty or has
   *   more than 4,294,967,296 values.
   */
  between(least: number, most: number): number {
    checkInteger("between() least", least, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    checkInteger("between() most", most, least, least + UINT32_RANGE - 1);
    return least + this.below(most - least + 1);
  }

  /** Returns a number from 0 up to, but not including, 1. It fits where `Math.random` does. */
  readonly fraction = (): number => this.uint32() / UINT32_RANGE;

  /**
   * Returns one of the values.
   *
   * @param values The values, at least one.
   * @throws {RangeError} If there is no value.
   */
  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError("pick() values must contain at least one value");
    // The index is in range, which the type cannot express.
    return values[this.below(values.length)] as T;
  }

  /**
   * Returns the values in random order.
   *
   * @param values The values, which stay as they are.
   */
  shuffle<T>(values: readonly T[]): T[] {
    const rest = [...values];
    return Array.from(values, () => rest.splice(this.below(rest.length), 1)).flat();
  }
}

/** Returns 32 bits that depend on all characters of a text: FNV-1a, mixed as in MurmurHash3. */
function hash(text: string, salt: number): number {
  let bits = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) {
    bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
