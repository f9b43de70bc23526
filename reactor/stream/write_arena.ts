/** The size of a {@linkcode WriteArena} in bytes. */
export const ARENA_SIZE = 32768;

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
