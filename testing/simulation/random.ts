/**
 * Random numbers of a simulation: a tree of independent streams that grows from one seed.
 *
 * Each host and each link draws from a stream of its own, so that a draw in one place does not
 * change the numbers of another. All arithmetic is on 32-bit integers, so a seed gives the same
 * numbers on every machine.
 *
 * @module
 */

/** 2 to the power of 32: the number of values of {@linkcode RandomStream.uint32}. */
export const UINT32_RANGE = 4294967296;

/**
 * A stream of random numbers: the generator sfc32 of Chris Doty-Humphrey (PractRand, 2010), which
 * passes that suite's statistical tests and has a period of 2^128 on average.
 */
export class RandomStream {
  readonly #key: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param key The text that decides all numbers. */
  constructor(key: string) {
    this.#key = key;
    this.#a = hash(key, 0x9e3779b9);
    this.#b = hash(key, 0x85ebca6b);
    this.#c = hash(key, 0xc2b2ae35);
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /**
   * Returns an independent stream, which the key of this stream and a name decide.
   *
   * @param name The name of the new stream.
   */
  fork(name: string): RandomStream {
    return new RandomStream(`${this.#key}/${name}`);
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
   */
  below(limit: number): number {
    // The product is less than 2^64, and its rounding does not depend on the machine. The bias of
    // the result is less than 2^-21 for the limits of a simulation.
    return Math.floor((this.uint32() * limit) / UINT32_RANGE);
  }

  /**
   * Returns an integer from `least` to `most`, both included.
   *
   * @param least The least value.
   * @param most The greatest value, at least `least`.
   */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Returns a number from 0 up to, but not including, 1. It fits where `Math.random` does. */
  readonly fraction = (): number => this.uint32() / UINT32_RANGE;

  /**
   * Returns one of the values.
   *
   * @param values The values, at least one.
   */
  pick<T>(values: readonly T[]): T {
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
