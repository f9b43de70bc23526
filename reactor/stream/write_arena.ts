/**
 * Memory for many small pieces of bytes.
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
const KEPT_BLOCK_SIZE = 16384;
/** The size of a {@linkcode WriteArena} in bytes. */
export const ARENA_SIZE = 32768;

/** Copies pieces for receivers that may keep them: the memory of a copy is never written again. */
export class ChunkAllocator {
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #used = 0;

  /** Returns a copy of the first `count` bytes; `count` is at most {@linkcode LARGEST_PIECE}. */
  copy(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
    const start = this.#memory.length - this.#used < count ? this.#renew() : this.#used;
    this.#memory.set(count === bytes.length ? bytes : bytes.subarray(0, count), start);
    this.#used = start + count;
    return this.#memory.subarray(start, this.#used);
  }

  #renew(): number {
    this.#memory = new Uint8Array(KEPT_BLOCK_SIZE);
    return 0;
  }
}

/**
 * Memory that is reused after all its users have released it: new memory must be
 * cleared, and is in no cache.
 */
export class WriteArena {
  /** The memory of the arena, which is reused. */
  readonly memory: Uint8Array<ArrayBuffer> = new Uint8Array(ARENA_SIZE);
  /** The number of bytes in use, from the start. */
  used = 0;
  /** The number of write buffers that use a part of the memory. */
  users = 0;
}

/** The arenas in which small writes are collected. */
export class WriteArenas {
  // The most free arenas that are kept for the next burst of writes: 64 times 32 KiB are 2 MiB.
  static readonly #mostFree = 64;
  readonly #free: WriteArena[] = [];
  #current = new WriteArena();

  /**
   * Returns the current arena, with room for `size` more bytes; `size` is at most
   * {@linkcode ARENA_SIZE}.
   */
  withRoom(size: number): WriteArena {
    if (ARENA_SIZE - this.#current.used >= size) return this.#current;
    this.#current = this.#free.pop() ?? new WriteArena();
    return this.#current;
  }

  /** Releases one user's part of an arena. */
  release(arena: WriteArena): void {
    if (--arena.users > 0) return;
    arena.used = 0;
    if (arena !== this.#current && this.#free.length < WriteArenas.#mostFree) {
      this.#free.push(arena);
    }
  }
}
