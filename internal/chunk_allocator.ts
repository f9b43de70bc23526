/**
 * Memory for copies of small pieces of bytes.
 *
 * An `ArrayBuffer` of its own costs about a microsecond, whatever its size; a view on a larger one
 * costs twenty nanoseconds. So small pieces share a buffer.
 *
 * @module
 */

/** The largest piece that is worth copying together with others, in bytes. */
export const LARGEST_PIECE = 4096;

// The size of a block in bytes. A piece that the application keeps keeps its whole block in memory,
// so a thousand kept pieces take at most 16 MB.
const BLOCK_SIZE = 16384;

/** Copies pieces for receivers that may keep them: the memory of a copy is never written again. */
export class ChunkAllocator {
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #used = 0;

  /**
   * Returns a copy of the first `count` bytes. If they are more than {@linkcode LARGEST_PIECE}, it
   * has memory of its own.
   */
  copy(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
    // A new array of a view is copied without being cleared before, unlike the result of slice().
    if (count > LARGEST_PIECE) return new Uint8Array(bytes.subarray(0, count));
    const start = this.#memory.length - this.#used < count ? this.#renew() : this.#used;
    this.#memory.set(count === bytes.length ? bytes : bytes.subarray(0, count), start);
    this.#used = start + count;
    return this.#memory.subarray(start, this.#used);
  }

  #renew(): number {
    this.#memory = new Uint8Array(BLOCK_SIZE);
    return 0;
  }
}
