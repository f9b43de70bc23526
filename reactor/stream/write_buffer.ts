/**
 * The bytes that a connection has yet to send.
 *
 * Small writes are copied, so that the caller may reuse its memory. Copies lie side by side where
 * possible, so that many writes leave in one system call. Large writes are kept by reference, and
 * copied only if that saves a system call and they are not too large. Small writes with both
 * `transfer` and `flushed` are kept by reference, too, so that their caller learns when they have
 * been sent. Buffers come from a pool, and an idle connection has none.
 *
 * @module
 */

import { LARGEST_PIECE } from "../../internal/chunk_allocator.ts";
import type { WriteOptions } from "../interfaces/mod.ts";
import { hold, unhold } from "./held_buffers.ts";
import { ARENA_SIZE, type WriteArena, WriteArenas } from "./write_arena.ts";

/**
 * The size in bytes from which a write is not copied: its buffer belongs to the transport until it
 * is flushed.
 */
export const COPY_BELOW: number = LARGEST_PIECE;

// The largest number of bytes, made up of small separate chunks, that are copied together for one
// write.
const GATHER_UP_TO = 65536;
// The largest number of bytes that are copied together for one write if the last chunk is large,
// such as a message behind its header. Copying them takes a fraction of a system call's time.
const JOIN_UP_TO = ARENA_SIZE;
const MOST_SPARE = 256;
let spare: WriteBuffer | null = null;
let spareCount = 0;
const arenas = new WriteArenas();
const encoder = new TextEncoder();

/** Bytes to send: a range of a shared arena, or a buffer that the caller passed in. */
interface Chunk {
  bytes: Uint8Array;
  /**
   * The length of `bytes` when they were written. If the caller detaches or resizes the buffer,
   * `bytes.length` changes.
   */
  size: number;
  arena: WriteArena | null;
  /** The caller's buffer, as recorded by {@linkcode hold}. */
  held: ArrayBuffer | null;
  /** The caller's function to call when the chunk has been sent. */
  flushed: (() => void) | null;
  /** The chunk that was written after this one; `null` for the last. */
  next: Chunk | null;
}

/** A queue of bytes: `push` adds at the end, `head` and `consume` take from the front. */
export class WriteBuffer {
  // The chunks form a linked list, and so does the pool of empty buffers: an array that becomes
  // empty drops its memory, and would allocate it again for the next write.
  #first: Chunk | null = null;
  #last: Chunk | null = null;
  #nextSpare: WriteBuffer | null = null;
  /** The arena of the last range of bytes, which follows all chunks and may still grow. */
  #tail: WriteArena | null = null;
  #tailStart = 0;
  #tailEnd = 0;
  #size = 0;

  /** Returns an empty buffer from the pool. */
  static take(): WriteBuffer {
    const buffer = spare;
    if (buffer === null) return new WriteBuffer();
    spare = buffer.#nextSpare;
    buffer.#nextSpare = null;
    spareCount--;
    return buffer;
  }

  /**
   * Returns an empty buffer to the pool. A buffer with bytes is not reused, because the system may
   * still read its memory.
   */
  release(): void {
    if (this.#size > 0 || spareCount === MOST_SPARE) return;
    this.#nextSpare = spare;
    spare = this;
    spareCount++;
  }

  /** The number of bytes to send. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds bytes, or a string as UTF-8. Those of a small write are copied.
   *
   * @param data The data, not empty.
   * @param options Whether the caller transfers the buffer. One that is not copied is freed as soon
   *   as every connection that holds it has sent it. The garbage collector would free it much
   *   later, and a fast transfer would hold tens of megabytes.
   * @returns The function `flushed` of the options, if the data was copied; otherwise `null`, and
   *   {@linkcode consume} returns the function later.
   */
  push(data: Uint8Array | string, options?: WriteOptions): (() => void) | null {
    const flushed = options?.flushed ?? null;
    if (typeof data === "string") {
      this.#pushString(data);
    } else if (data.length >= COPY_BELOW || flushed !== null && options?.transfer) {
      this.#pushReference(data, options?.transfer ?? false, flushed);
      return null;
    } else {
      this.#grow(data.length).memory.set(data, this.#tailEnd);
      this.#grew(data.length);
    }
    return flushed;
  }

  /**
   * Returns the next bytes to send, at least one. They do not change. Must not be called while the
   * head is {@linkcode spoiled}.
   */
  head(): Uint8Array {
    this.#seal();
    const head = this.#first;
    if (head === null) throw new Error("Cannot take bytes from an empty write buffer");
    return head.next === null || head.size >= COPY_BELOW ? head.bytes : this.#gather(head);
  }

  /**
   * The number of bytes at the head that can no longer be sent, because the caller has detached or
   * resized the buffer; 0 if there are none.
   */
  get spoiled(): number {
    const head = this.#first;
    return head === null || isIntact(head) ? 0 : head.size;
  }

  /**
   * Removes the first `count` bytes of the head, because they have been sent.
   *
   * @returns The function that was passed to {@linkcode push} with these bytes, if all of them have
   *   been sent; otherwise `null`.
   */
  consume(count: number): (() => void) | null {
    const head = this.#first;
    if (head === null || count > head.size) {
      throw new Error(
        `Cannot consume ${count} bytes of the write buffer: its first chunk has ${head?.size ?? 0}`,
      );
    }
    this.#size -= count;
    if (count < head.size) {
      head.bytes = head.bytes.subarray(count);
      head.size -= count;
      return null;
    }
    releaseMemory(head);
    this.#first = head.next;
    if (head.next === null) this.#last = null;
    // A sent chunk that the garbage collector has not freed keeps no other one in memory.
    head.next = null;
    return head.flushed;
  }

  #pushReference(bytes: Uint8Array, isTransferred: boolean, flushed: (() => void) | null): void {
    this.#seal();
    const size = bytes.length;
    this.#size += size;
    const held = hold(bytes, isTransferred);
    this.#append({ bytes: ofFixedLength(bytes), size, arena: null, held, flushed, next: null });
  }

  #pushString(text: string): void {
    // UTF-8 needs at most three bytes for each UTF-16 unit, so this is an upper limit of the
    // encoded size.
    if (text.length * 3 >= COPY_BELOW) {
      this.push(encoder.encode(text));
      return;
    }
    const { memory } = this.#grow(text.length * 3);
    this.#grew(encoder.encodeInto(text, memory.subarray(this.#tailEnd)).written);
  }

  #append(chunk: Chunk): void {
    if (this.#last === null) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
  }

  /**
   * Joins the small chunks at the front, and a large one behind them that is not too large, into
   * one chunk.
   *
   * @param head The first chunk.
   * @returns The bytes of the joined chunk.
   */
  #gather(head: Chunk): Uint8Array {
    let { size, flushed } = head;
    let next = head.next;
    for (; next !== null; next = next.next) {
      const isLarge = next.size >= COPY_BELOW;
      if (size + next.size > (isLarge ? JOIN_UP_TO : GATHER_UP_TO)) break;
      if (next.arena === null) {
        // The caller may have detached memory that was not copied. A joined chunk has one function.
        if (!isIntact(next) || flushed !== null && next.flushed !== null) break;
        flushed ??= next.flushed;
      }
      size += next.size;
      if (!isLarge) continue;
      next = next.next;
      break;
    }
    return next === head.next ? head.bytes : this.#join(head, next, size, flushed);
  }

  /** Replaces the chunks from `head` to the one before `next` by one chunk with all their bytes. */
  #join(
    head: Chunk,
    next: Chunk | null,
    size: number,
    flushed: (() => void) | null,
  ): Uint8Array {
    const arena = size <= JOIN_UP_TO ? arenas.withRoom(size) : null;
    const start = arena?.used ?? 0;
    const bytes = arena?.memory.subarray(start, start + size) ?? new Uint8Array(size);
    if (arena !== null) {
      arena.users++;
      arena.used += size;
    }
    let filled = 0;
    for (let chunk: Chunk | null = head; chunk !== null && chunk !== next; chunk = chunk.next) {
      bytes.set(chunk.bytes, filled);
      filled += chunk.size;
      releaseMemory(chunk);
    }
    this.#first = { bytes, size, arena, held: null, flushed, next };
    if (next === null) this.#last = this.#first;
    return bytes;
  }

  /**
   * Returns an arena with room for `size` bytes after the growing range of this buffer. Starts a
   * new range if another buffer has used the arena meanwhile.
   */
  #grow(size: number): WriteArena {
    const arena = arenas.withRoom(size);
    if (this.#tail === arena && this.#tailEnd === arena.used) return arena;
    this.#seal();
    this.#tail = arena;
    this.#tailStart = this.#tailEnd = arena.used;
    arena.users++;
    return arena;
  }

  #grew(size: number): void {
    this.#tailEnd += size;
    this.#size += size;
    if (this.#tail !== null) this.#tail.used = this.#tailEnd;
  }

  /** Turns the growing range of the arena into a chunk. Later writes start a new range. */
  #seal(): void {
    const arena = this.#tail;
    if (arena === null) return;
    this.#append({
      bytes: arena.memory.subarray(this.#tailStart, this.#tailEnd),
      size: this.#tailEnd - this.#tailStart,
      arena,
      held: null,
      flushed: null,
      next: null,
    });
    this.#tail = null;
  }
}

/** Releases the memory of a chunk that has been sent or copied. */
function releaseMemory({ arena, held }: Chunk): void {
  if (arena !== null) arenas.release(arena);
  if (held !== null) unhold(held);
}

/**
 * Returns whether the bytes are still available. A view of a detached or shrunk buffer has another
 * length, in most cases 0.
 */
function isIntact({ bytes, size }: Chunk): boolean {
  return bytes.length === size;
}

/**
 * Returns a view with a fixed length, because a view of a resizable buffer may grow with the
 * buffer.
 */
function ofFixedLength(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  const canChange = buffer instanceof ArrayBuffer ? buffer.resizable : buffer.growable;
  return canChange ? bytes.subarray(0, bytes.length) : bytes;
}
