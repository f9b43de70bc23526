/**
 * A buffer for bytes that have arrived and have not been parsed.
 *
 * Its cost is linear in the number of bytes, even if they arrive one by one, and however they are
 * taken out:
 *
 * - A chunk that arrives when the buffer is empty is not copied. The pieces taken out of it are
 *   views.
 * - A chunk that arrives when the buffer is not empty is copied behind its content, into memory
 *   that grows by doubling.
 * - The position up to which no delimiter was found is remembered, as in h11's `_receivebuffer.py`.
 * - When no more can be taken out for now, a small rest is copied out of memory that is much
 *   larger: a view of ten bytes would keep alive the 128 KiB in which they arrived. Each byte is
 *   copied a limited number of times, because at least as many bytes are taken out before each
 *   copy.
 *
 * Memory of which a view was handed out is never written again.
 *
 * @module
 */

const EMPTY = new Uint8Array(0);
/** The smallest allocation, in bytes. */
const SMALLEST = 64;

/** A queue of bytes, which finds delimiters. */
export class ReceiveBuffer {
  /** The content, from `#start` on. The bytes before have been taken out. */
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  /**
   * The memory that `#bytes` are the beginning of, with room to grow; null if they are a chunk that
   * was not copied.
   */
  #memory: Uint8Array | null = null;
  /** No delimiter begins before this offset. */
  #searched = 0;

  /** The number of bytes in the buffer. */
  get size(): number {
    return this.#bytes.length - this.#start;
  }

  /** Adds a chunk. The buffer keeps it, and never writes to it. */
  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.size === 0) {
      this.#keep(chunk, null);
      return;
    }
    const room = (this.#memory?.length ?? 0) - this.#bytes.length;
    const memory = room >= chunk.length && this.#memory !== null
      ? this.#memory
      : this.#move(chunk.length);
    const end = this.#bytes.length;
    memory.set(chunk, end);
    this.#bytes = memory.subarray(0, end + chunk.length);
  }

  /** Returns the number of bytes before the next delimiter; -1 if there is no delimiter. */
  lengthUntil(delimiter: Uint8Array): number {
    const end = this.#find(delimiter);
    return end < 0 ? -1 : end - this.#start;
  }

  /** Takes out the first `count` bytes and returns them. Drops the `dropped` bytes after them. */
  take(count: number, dropped: number): Uint8Array {
    const end = this.#start + count;
    const taken = this.#bytes.subarray(this.#start, end);
    this.#start = this.#searched = end + dropped;
    return taken;
  }

  /** Takes out all bytes. */
  takeAll(): Uint8Array {
    const all = this.#bytes.subarray(this.#start);
    this.#keep(EMPTY, null);
    return all;
  }

  /** Puts back bytes that were taken out and not used, in front of the content. */
  putBack(bytes: Uint8Array): void {
    const rest = this.takeAll();
    this.append(bytes);
    this.append(rest);
  }

  /** Searches the whole content again, for a new delimiter. */
  searchAgain(): void {
    this.#searched = this.#start;
  }

  /**
   * Releases memory that is much larger than the content. Call it when no more can be taken out for
   * now.
   */
  settle(): void {
    if (this.size === 0) this.#keep(EMPTY, null);
    else if (this.size * 4 + SMALLEST < this.#bytes.buffer.byteLength) this.#move(0);
  }

  #keep(bytes: Uint8Array, memory: Uint8Array | null): void {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#start = this.#searched = 0;
  }

  /** Copies the content into new memory, with room for `more` bytes. */
  #move(more: number): Uint8Array {
    const { size } = this;
    const memory = new Uint8Array(Math.max(size * 2 + more, SMALLEST));
    memory.set(this.#bytes.subarray(this.#start));
    this.#keep(memory.subarray(0, size), memory);
    return memory;
  }

  /** Returns the offset of the next delimiter; -1 if there is no delimiter. */
  #find(delimiter: Uint8Array): number {
    const last = this.#bytes.length - delimiter.length;
    const [first = 0] = delimiter;
    let at = this.#bytes.indexOf(first, this.#searched);
    while (at >= 0 && at <= last) {
      if (this.#isAt(at, delimiter)) {
        this.#searched = at;
        return at;
      }
      at = this.#bytes.indexOf(first, at + 1);
    }
    this.#searched = Math.max(this.#searched, last + 1);
    return -1;
  }

  #isAt(start: number, delimiter: Uint8Array): boolean {
    for (let i = 1; i < delimiter.length; i++) {
      if (this.#bytes[start + i] !== delimiter[i]) return false;
    }
    return true;
  }
}
