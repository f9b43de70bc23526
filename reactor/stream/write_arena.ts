/**
 * Memory for many small pieces of bytes.
 *
 * An `ArrayBuffer` of its own costs about a microsecond, whatever its size; a view on a larger one costs twenty nanoseconds. So
 * small pieces share one.
 *
 * @module
 */

/** Pieces up to this size are worth copying together. */
export const LARGEST_PIECE = 4096;

// A piece that is kept keeps its slab, which is why it is not larger: a thousand kept ends of lines keep 16 MB at the worst.
const KEPT_SLAB_SIZE = 16384;
const SHARED_SLAB_SIZE = 32768;

/** Copies that are their owners' to keep: their memory is never written again. */
export class ChunkAllocator {
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #used = 0;

  /** A copy of the first `count` bytes, which are {@linkcode LARGEST_PIECE} at the most. */
  copy(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
    const start = this.#memory.length - this.#used < count ? this.#renew() : this.#used;
    this.#memory.set(count === bytes.length ? bytes : bytes.subarray(0, count), start);
    this.#used = start + count;
    return this.#memory.subarray(start, this.#used);
  }

  #renew(): number {
    this.#memory = new Uint8Array(KEPT_SLAB_SIZE);
    return 0;
  }
}

/** Memory that is used again when all its users have let go: fresh memory has to be cleared, and is in no cache. */
export class WriteArena {
  /** The memory. */
  readonly memory: Uint8Array<ArrayBuffer> = new Uint8Array(SHARED_SLAB_SIZE);
  /** How far it is taken. */
  used = 0;
  /** How many hold a part of it. */
  users = 0;
}

/** The slabs that writes are gathered in. */
export class WriteArenas {
  // Two megabytes at the most are kept for the next burst.
  static readonly #mostFree = 64;
  readonly #free: WriteArena[] = [];
  #current = new WriteArena();

  /** The slab in use, with room for `size` more bytes, at most {@linkcode LARGEST_PIECE} times three. */
  withRoom(size: number): WriteArena {
    if (SHARED_SLAB_SIZE - this.#current.used >= size) return this.#current;
    this.#current = this.#free.pop() ?? new WriteArena();
    return this.#current;
  }

  /** To be called by each user that no longer needs its part. */
  release(slab: WriteArena): void {
    if (--slab.users > 0) return;
    slab.used = 0;
    if (slab !== this.#current && this.#free.length < WriteArenas.#mostFree) this.#free.push(slab);
  }
}
