/**
 * Frames that show when one of their bytes has changed, is missing, or comes twice.
 *
 * @module
 */

import { randomFrom } from "./plan.ts";

const HEADER = 16;
const GREATEST = 8_000_000;
/**
 * The kinds of frames: the first one says which conversation it is, the last one that nothing
 * follows.
 */
export const HELLO = 1, DATA = 2, END = 3;

/** A frame that has come whole. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Makes the frames of one direction. */
export class FrameWriter {
  #sequence = 0;
  readonly #random;

  /** @param seed Seed of the bytes in them. */
  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** A frame with bytes of its own. */
  data(size: number): Uint8Array<ArrayBuffer> {
    const frame = new Uint8Array(HEADER + size);
    // One draw for many bytes, and no period that a piece could have.
    let word = Math.floor(this.#random() * 2 ** 32);
    for (let i = HEADER; i < frame.length; i++) {
      word = Math.imul(word, 1664525) + 1013904223 | 0;
      frame[i] = word >>> 24;
    }
    return this.#seal(frame, DATA);
  }

  /** A frame that says which conversation this is. */
  hello(number: number): Uint8Array<ArrayBuffer> {
    const frame = new Uint8Array(HEADER + 4);
    new DataView(frame.buffer).setUint32(HEADER, number);
    return this.#seal(frame, HELLO);
  }

  /** The last frame. */
  end(): Uint8Array<ArrayBuffer> {
    return this.#seal(new Uint8Array(HEADER), END);
  }

  #seal(frame: Uint8Array<ArrayBuffer>, kind: number): Uint8Array<ArrayBuffer> {
    const header = new DataView(frame.buffer);
    header.setUint32(0, frame.length - HEADER);
    header.setUint32(4, kind);
    header.setUint32(8, this.#sequence++);
    header.setUint32(12, checksum(frame));
    return frame;
  }
}

/**
 * Takes the frames of one direction apart. It keeps the chunks as they came: their memory must not
 * change.
 */
export class FrameReader {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #sequence = 0;

  /**
   * The frames that are whole with this chunk.
   *
   * @throws {Error} when a byte is not what was sent.
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= HEADER) {
      const header = this.#peek(HEADER);
      const length = header.getUint32(0);
      if (length > GREATEST) throw new Error(`frame ${this.#sequence} has a length of ${length}`);
      if (this.#size < HEADER + length) return;
      yield this.#take(HEADER + length);
    }
  }

  #peek(size: number): DataView {
    const [first] = this.#chunks;
    if (first === undefined || first.length < size) this.#join();
    const { buffer, byteOffset, byteLength } = this.#chunks[0] ?? new Uint8Array();
    return new DataView(buffer, byteOffset, byteLength);
  }

  #take(size: number): Frame {
    this.#join();
    const all = this.#chunks[0] ?? new Uint8Array();
    const frame = all.slice(0, size);
    this.#chunks[0] = all.subarray(size);
    this.#size -= size;
    const header = new DataView(frame.buffer);
    const [kind, sequence, sum] = [4, 8, 12].map((at) => header.getUint32(at));
    if (sequence !== this.#sequence) {
      throw new Error(`frame ${sequence} has come in the place of frame ${this.#sequence}`);
    }
    header.setUint32(12, 0);
    if (sum !== checksum(frame)) throw new Error(`frame ${sequence} has a wrong checksum`);
    this.#sequence++;
    return { kind: kind ?? 0, payload: frame.subarray(HEADER) };
  }

  #join(): void {
    if (this.#chunks.length < 2) return;
    const all = new Uint8Array(this.#size);
    let filled = 0;
    for (const chunk of this.#chunks.splice(0)) {
      all.set(chunk, filled);
      filled += chunk.length;
    }
    this.#chunks.push(all);
  }
}

/** FNV-1a. The checksum's own place counts as zeros. */
function checksum(frame: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < frame.length; i++) sum = Math.imul(sum ^ (frame[i] ?? 0), 0x01000193);
  return sum >>> 0;
}
