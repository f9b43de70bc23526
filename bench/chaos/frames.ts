/**
 * Frames that reveal a changed, missing or repeated byte.
 *
 * @module
 */

import { randomFrom } from "./plan.ts";

const HEADER = 16;
const MAX_LENGTH = 8_000_000;
/**
 * The types of frames: the first frame has the number of the conversation, the last one ends it.
 */
export const HELLO = 1, DATA = 2, END = 3;

/** A complete frame. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Creates the frames of one direction. */
export class FrameWriter {
  #sequence = 0;
  readonly #random;

  /**
   * Creates a writer.
   *
   * @param seed The seed of the frames' bytes.
   */
  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** Creates a frame with random bytes. */
  data(size: number): Uint8Array<ArrayBuffer> {
    const frame = new Uint8Array(HEADER + size);
    // One draw gives many bytes, whose period is longer than any piece.
    let word = Math.floor(this.#random() * 2 ** 32);
    for (let i = HEADER; i < frame.length; i++) {
      word = Math.imul(word, 1664525) + 1013904223 | 0;
      frame[i] = word >>> 24;
    }
    return this.#seal(frame, DATA);
  }

  /** Creates the first frame, with the number of the conversation. */
  hello(number: number): Uint8Array<ArrayBuffer> {
    const frame = new Uint8Array(HEADER + 4);
    new DataView(frame.buffer).setUint32(HEADER, number);
    return this.#seal(frame, HELLO);
  }

  /** Creates the last frame. */
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
 * Splits one direction into its frames. It keeps the received chunks themselves, because their
 * memory must not change.
 */
export class FrameReader {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #sequence = 0;

  /**
   * Adds a chunk, and yields the frames that are complete with it.
   *
   * @throws {Error} If a byte differs from the one sent.
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= HEADER) {
      const header = this.#peek(HEADER);
      const length = header.getUint32(0);
      if (length > MAX_LENGTH) {
        throw new Error(`frame ${this.#sequence} is too long: ${length} bytes`);
      }
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
      throw new Error(`frame ${sequence} arrived instead of frame ${this.#sequence}`);
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

/** Returns the FNV-1a checksum of a frame, with zeros in place of the checksum itself. */
function checksum(frame: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < frame.length; i++) sum = Math.imul(sum ^ (frame[i] ?? 0), 0x01000193);
  return sum >>> 0;
}
