/**
 * Makes new inputs from old ones.
 *
 * @module
 */

import { magnitude, type Random } from "../chaos/plan.ts";

/** The greatest size of an input, in bytes. */
const MAX_SIZE = 4096;
/** Bytes at the edges of ranges, and bytes with a meaning in many formats. */
const EDGES = [0, 1, 0x0a, 0x0d, 0x20, 0x2d, 0x30, 0x39, 0x3a, 0x7f, 0x80, 0xfe, 0xff];

/** Makes inputs by changing those of a corpus. */
export class Mutation {
  readonly #random: Random;
  readonly #tokens: readonly Uint8Array[];

  /**
   * @param random The source of randomness.
   * @param tokens Pieces of valid input.
   */
  constructor(random: Random, tokens: readonly (string | Uint8Array)[]) {
    this.#random = random;
    const encoder = new TextEncoder();
    this.#tokens = tokens.map((token) => typeof token === "string" ? encoder.encode(token) : token);
  }

  /** Returns a new input, made from one or two inputs of a corpus. */
  next(corpus: readonly Uint8Array[]): Uint8Array {
    let bytes = this.#random() < 0.1 ? new Uint8Array(0) : this.#pick(corpus);
    for (let i = magnitude(this.#random, 1, 16); i > 0; i--) {
      bytes = this.#changed(bytes, corpus).subarray(0, MAX_SIZE);
    }
    return bytes;
  }

  #changed(bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
    const at = this.#below(bytes.length + 1);
    const end = Math.min(bytes.length, at + magnitude(this.#random, 1, 32));
    const before = bytes.subarray(0, at);
    switch (this.#below(9)) {
      case 0: // Inserts a token. The most frequent change, because it keeps inputs valid.
      case 1:
      case 2:
        return joined(before, this.#pick(this.#tokens), bytes.subarray(at));
      case 3: // Replaces a byte.
        return joined(before, this.#byte(), bytes.subarray(at + 1));
      case 4: // Inserts a byte several times.
        return joined(
          before,
          new Uint8Array(magnitude(this.#random, 1, 100)).fill(this.#byte()[0] ?? 0),
          bytes.subarray(at),
        );
      case 5: // Removes a range.
        return joined(before, bytes.subarray(end));
      case 6: // Repeats a range.
        return joined(bytes.subarray(0, end), bytes.subarray(at));
      case 7: // Appends the end of another input.
        return joined(before, this.#suffix(this.#pick(corpus)));
      default: { // Flips a bit.
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ 1 << this.#below(8);
        return changed;
      }
    }
  }

  #byte(): Uint8Array {
    const edge = this.#random() < 0.5;
    return Uint8Array.of(edge ? EDGES[this.#below(EDGES.length)] ?? 0 : this.#below(256));
  }

  #suffix(bytes: Uint8Array): Uint8Array {
    return bytes.subarray(this.#below(bytes.length + 1));
  }

  #pick(choices: readonly Uint8Array[]): Uint8Array {
    return choices[this.#below(choices.length)] ?? new Uint8Array(0);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
