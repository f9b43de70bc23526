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

/**
 * A buffer for bytes that have arrived and have not been decoded. It is what a decoder of a wire
 * format keeps its input in.
 *
 * Its cost is linear in the number of bytes, however they are split into chunks. What is taken out
 * is a view of the memory in which the bytes arrived, and that memory is never written again.
 *
 * @example Take bytes out by number, and up to a delimiter
 * ```ts
 * import { ReceiveBuffer } from "@torsion/reactor/protocol";
 *
 * const buffer = new ReceiveBuffer();
 * buffer.append(new TextEncoder().encode("3:abc;rest"));
 * const length = buffer.byteAt(0) - 48;
 * buffer.skip(2);
 * console.log(buffer.take(length));
 * const end = buffer.lengthUntil(new TextEncoder().encode(";"));
 * console.log(end, buffer.size);
 * ```
 */
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
  /** The number of bytes that had been taken out when `#bytes` were set, less `#start`. */
  #base = 0;
  /** The number of bytes that the current frame needs; no more memory is allocated for it. */
  #expected = 0;

  /** The number of bytes in the buffer. */
  get size(): number {
    return this.#bytes.length - this.#start;
  }

  /** The number of bytes that have been taken out since the buffer was created. */
  get offset(): number {
    return this.#base + this.#start;
  }

  /**
   * Returns a byte, without taking it out.
   *
   * @param index The index of the byte, from 0. It must be less than {@linkcode size}.
   */
  byteAt(index: number): number {
    return this.#bytes[this.#start + index] ?? 0;
  }

  /**
   * Returns bytes without taking them out.
   *
   * @param start The index of the first byte, from 0.
   * @param end The index after the last byte, at most {@linkcode size}.
   * @returns A view.
   */
  peek(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(this.#start + start, this.#start + end);
  }

  /**
   * Announces the size of an incomplete frame, so that a long frame that arrives in many chunks
   * needs no more memory than its size. Memory is still allocated only as the bytes arrive.
   *
   * @param count The number of bytes of the frame. It applies until bytes are taken out.
   */
  expect(count: number): void {
    this.#expected = count;
  }

  /**
   * Adds a chunk. The buffer keeps it, and never writes to it.
   *
   * @param chunk The bytes, in any number.
   */
  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.size === 0) {
      this.#base += this.#start;
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

  /**
   * Returns the number of bytes before the next delimiter; -1 if there is no delimiter. The part of
   * the content that has been searched is not searched again.
   *
   * @param delimiter At least one byte. Call {@linkcode searchAgain} before it changes.
   */
  lengthUntil(delimiter: Uint8Array): number {
    const end = this.#find(delimiter);
    return end < 0 ? -1 : end - this.#start;
  }

  /**
   * Takes out bytes.
   *
   * @param count The number of bytes.
   * @param dropped The number of bytes after them to remove, such as a delimiter.
   * @returns A view of the `count` bytes. Its memory is never written again.
   */
  take(count: number, dropped = 0): Uint8Array {
    const end = this.#start + count;
    const taken = this.#bytes.subarray(this.#start, end);
    this.#start = this.#searched = end + dropped;
    this.#expected = 0;
    return taken;
  }

  /**
   * Removes bytes.
   *
   * @param count The number of bytes, at most {@linkcode size}.
   */
  skip(count: number): void {
    this.#start = this.#searched = this.#start + count;
    this.#expected = 0;
  }

  /** Takes out all bytes. */
  takeAll(): Uint8Array {
    const all = this.#bytes.subarray(this.#start);
    this.#base += this.#bytes.length;
    this.#keep(EMPTY, null);
    this.#expected = 0;
    return all;
  }

  /**
   * Puts back bytes that were taken out and not used, in front of the content.
   *
   * @param bytes The bytes. The buffer keeps them.
   */
  putBack(bytes: Uint8Array): void {
    const rest = this.takeAll();
    this.#base -= rest.length + bytes.length;
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
    const { size } = this;
    if (size === 0) {
      this.#base += this.#start;
      this.#keep(EMPTY, null);
    } else if (size * 4 + SMALLEST < this.#bytes.buffer.byteLength) this.#move(0);
  }

  #keep(bytes: Uint8Array, memory: Uint8Array | null): void {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#start = this.#searched = 0;
  }

  /** Copies the content into new memory, with room for `more` bytes. */
  #move(more: number): Uint8Array {
    const { size } = this;
    const doubled = Math.max(size * 2 + more, SMALLEST);
    const isWithinFrame = size + more <= this.#expected;
    const memory = new Uint8Array(isWithinFrame ? Math.min(doubled, this.#expected) : doubled);
    memory.set(this.#bytes.subarray(this.#start));
    this.#base += this.#start;
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
