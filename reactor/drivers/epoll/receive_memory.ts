/**
 * Memory for received bytes.
 *
 * Nothing waits in memory of its own: bytes are received only when they have arrived. So all
 * connections of a reactor share this memory, and an idle connection has none.
 *
 * - A connection that exchanges messages receives into a block, of which the chunks are cut: no
 *   byte is copied, and none is written again. The block is replaced when it is used up.
 * - A connection in a transfer fills whatever it receives into. It receives into a large buffer,
 *   and the chunks are copied out: clearing large new memory would cost as much, and the buffer
 *   stays in the processor's cache.
 *
 * @module
 */

/**
 * The size of a block in bytes. A piece that the application keeps keeps its whole block in memory,
 * so a thousand kept pieces take at most 16 MB.
 */
const BLOCK_SIZE = 16384;
/** The room in bytes that a block must have for another message. */
const LEAST_ROOM = 4096;
/** The size in bytes of the buffer in a transfer. Half of it would double the system calls. */
const LARGE_SIZE = 262144;

/** Where the next bytes of one connection are received. */
export class ReceiveMemory {
  /** The part of the current block that is free. */
  #room: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #large: Uint8Array<ArrayBuffer> | null = null;

  /** Returns the size in bytes that the memory of a protocol should have. */
  sizeFor(isLarge: boolean): number {
    return isLarge ? LARGE_SIZE : LEAST_ROOM;
  }

  /**
   * Returns the memory for one receive.
   *
   * @param isLarge Whether a large amount is expected.
   */
  space(isLarge: boolean): Uint8Array<ArrayBuffer> {
    if (isLarge) return this.#large ??= new Uint8Array(LARGE_SIZE);
    if (this.#room.length < LEAST_ROOM) this.#room = new Uint8Array(BLOCK_SIZE);
    return this.#room;
  }

  /**
   * Returns the first bytes of the space, in memory that is never written again.
   *
   * @param space The result of {@linkcode space}.
   * @param count The number of bytes that were received.
   */
  take(space: Uint8Array<ArrayBuffer>, count: number): Uint8Array<ArrayBuffer> {
    if (space === this.#room) {
      this.#room = space.subarray(count);
      return space.subarray(0, count);
    }
    // A new array of a view is copied without being cleared before, unlike the result of slice().
    if (count > LEAST_ROOM) return new Uint8Array(space.subarray(0, count));
    const room = this.space(false);
    room.set(space.subarray(0, count));
    return this.take(room, count);
  }

  /**
   * Returns whether the next receive should expect a large amount.
   *
   * @param space The space of the last receive.
   * @param count The number of bytes that were received.
   */
  expectsLarge(space: Uint8Array<ArrayBuffer>, count: number): boolean {
    return count === space.length || count > LEAST_ROOM;
  }
}
