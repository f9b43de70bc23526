/**
 * A buffer for bytes that have arrived and have not been parsed.
 *
 * Its cost is linear in the number of bytes, even if they arrive one by one, and however they are
 * taken out:
 *
 * - A chunk is not copied when it arrives. The pieces taken out of it are views.
 * - A piece that begins in one chunk and ends in the next is joined: only its own bytes are copied.
 *   If it takes more chunks, they are copied into memory that grows by doubling.
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
/** Memory that a small rest may keep alive, in bytes. To copy the rest would cost more. */
const SLACK = 2048;

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
  /** The first part of the content, from `#start` on. The bytes before have been taken out. */
  #head: Uint8Array = EMPTY;
  #start = 0;
  /**
   * The memory that `#head` is the beginning of, with room to grow; null if it is a chunk that was
   * not copied.
   */
  #memory: Uint8Array | null = null;
  /** The last chunk, if it arrived when the buffer was not empty, and has not been copied. */
  #tail: Uint8Array = EMPTY;
  /** No delimiter begins before this index of the content. */
  #searched = 0;
  /** The number of bytes that had been taken out when `#head` was set, less `#start`. */
  #base = 0;
  /** The number of bytes that the current frame needs; no more memory is allocated for it. */
  #expected = 0;

  /** The number of bytes in the buffer. */
  get size(): number {
    return this.#head.length - this.#start + this.#tail.length;
  }

  /** The number of bytes that have been taken out since the buffer was created. */
  get offset(): number {
    return this.#base + this.#start;
  }

  /**
   * Returns a byte, without taking it out.
   *
   * @param index The index of the byte, from 0.
   * @throws {RangeError} when the buffer does not contain so many bytes.
   */
  byteAt(index: number): number {
    const at = this.#start + index;
    const byte = at < this.#head.length ? this.#head[at] : this.#tail[at - this.#head.length];
    if (byte === undefined) throw this.#tooFew("read the byte at index", index);
    return byte;
  }

  /**
   * Returns bytes without taking them out.
   *
   * @param start The index of the first byte, from 0.
   * @param end The index after the last byte.
   * @returns A view.
   * @throws {RangeError} when the buffer does not contain so many bytes.
   */
  peek(start: number, end: number): Uint8Array {
    if (end > this.size) throw this.#tooFew("read the bytes before index", end);
    const { length } = this.#head;
    if (this.#start + start >= length) {
      const shift = this.#start - length;
      return this.#tail.subarray(shift + start, shift + end);
    }
    if (this.#start + end > length) this.#absorb(this.#tail.length);
    return this.#head.subarray(this.#start + start, this.#start + end);
  }

  /**
   * Returns the first bytes that are together in memory, without taking them out or copying any.
   *
   * @returns A view: at least one byte, if the buffer is not empty.
   */
  peekHead(): Uint8Array {
    return this.#head.subarray(this.#start);
  }

  /**
   * Returns the bytes after those of {@linkcode peekHead}, without taking them out or copying any.
   *
   * @returns A view: the last chunk, or no bytes.
   */
  peekTail(): Uint8Array {
    return this.#tail;
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
    if (this.#start === this.#head.length && this.#tail.length === 0) {
      this.#base += this.#start;
      this.#keep(chunk, 0);
      this.#searched = 0;
      return;
    }
    if (this.#tail.length > 0) this.#absorb(this.#tail.length);
    this.#tail = chunk;
  }

  /**
   * Returns the number of bytes before the next delimiter; -1 if there is no delimiter. The part of
   * the content that has been searched is not searched again.
   *
   * @param delimiter At least one byte. Call {@linkcode searchAgain} before it changes.
   * @throws {RangeError} when the delimiter is empty.
   */
  lengthUntil(delimiter: Uint8Array): number {
    if (delimiter.length === 0) throw new RangeError("Cannot search for an empty delimiter");
    const size = this.size;
    const headSize = size - this.#tail.length;
    if (this.#searched < headSize) {
      const inHead = this.#find(delimiter, headSize, size);
      if (inHead >= 0) return this.#searched = inHead;
    }
    if (this.#tail.length > 0) {
      const at = indexIn(this.#tail, delimiter, Math.max(0, this.#searched - headSize));
      if (at >= 0) return this.#searched = headSize + at;
    }
    this.#searched = Math.max(this.#searched, size - delimiter.length + 1);
    return -1;
  }

  /**
   * Takes out bytes.
   *
   * @param count The number of bytes.
   * @param dropped The number of bytes after them to remove, such as a delimiter.
   * @returns A view of the `count` bytes. Its memory is never written again.
   * @throws {RangeError} when the buffer does not contain so many bytes.
   */
  take(count: number, dropped = 0): Uint8Array {
    const end = this.#start + count;
    if (end + dropped > this.#head.length) {
      if (count + dropped > this.size) {
        throw this.#tooFew("take out the bytes before index", count + dropped);
      }
      if (end > this.#head.length) this.#absorb(end - this.#head.length);
    }
    const taken = this.#head.subarray(this.#start, end);
    this.#remove(count + dropped);
    return taken;
  }

  /**
   * Removes bytes.
   *
   * @param count The number of bytes.
   * @throws {RangeError} when the buffer does not contain so many bytes.
   */
  skip(count: number): void {
    if (count > this.size) throw this.#tooFew("remove the bytes before index", count);
    this.#remove(count);
  }

  /** Takes out all bytes. */
  takeAll(): Uint8Array {
    return this.take(this.size);
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
    this.#searched = 0;
  }

  /**
   * Releases memory that is much larger than the content. Call it when no more can be taken out for
   * now.
   */
  settle(): void {
    const size = this.#head.length - this.#start;
    if (this.#tail.length > 0) {
      if (isMuchLess(this.#tail.length, this.#tail.buffer.byteLength)) {
        this.#absorb(this.#tail.length);
      }
    } else if (size === 0) {
      this.#base += this.#start;
      this.#keep(EMPTY, 0);
    } else if (isMuchLess(size, this.#memory?.length ?? this.#head.buffer.byteLength)) {
      this.#move(0);
    }
  }

  #tooFew(what: string, number: number): RangeError {
    return new RangeError(`Cannot ${what} ${number}: the buffer contains ${this.size} bytes`);
  }

  #remove(count: number): void {
    this.#start += count;
    this.#searched = 0;
    this.#expected = 0;
    if (this.#start < this.#head.length || this.#tail.length === 0) return;
    this.#base += this.#head.length;
    this.#keep(this.#tail, this.#start - this.#head.length);
  }

  /** Makes a chunk the whole content, from `start` on. */
  #keep(head: Uint8Array, start: number): void {
    this.#head = head;
    this.#start = start;
    this.#memory = null;
    this.#tail = EMPTY;
  }

  /** Copies the first `count` bytes of the tail behind the head. */
  #absorb(count: number): void {
    const { length } = this.#head;
    const hasRoom = this.#memory !== null && this.#memory.length - length >= count;
    const memory = hasRoom && this.#memory !== null ? this.#memory : this.#move(count);
    const end = this.#head.length;
    memory.set(count === this.#tail.length ? this.#tail : this.#tail.subarray(0, count), end);
    this.#head = memory.subarray(0, end + count);
    this.#tail = count === this.#tail.length ? EMPTY : this.#tail.subarray(count);
  }

  /** Copies the head into new memory, with room for `more` bytes. */
  #move(more: number): Uint8Array {
    const size = this.#head.length - this.#start;
    const doubled = Math.max(size * 2 + more, SMALLEST);
    const isWithinFrame = size + more <= this.#expected;
    const memory = new Uint8Array(isWithinFrame ? Math.min(doubled, this.#expected) : doubled);
    memory.set(this.#head.subarray(this.#start));
    this.#base += this.#start;
    this.#head = memory.subarray(0, size);
    this.#start = 0;
    this.#memory = memory;
    return memory;
  }

  /** Returns the index of the first delimiter that begins in the head; -1 if there is none. */
  #find(delimiter: Uint8Array, headSize: number, size: number): number {
    const at = indexIn(this.#head, delimiter, this.#start + this.#searched);
    if (at >= 0) return at - this.#start;
    const last = Math.min(headSize - 1, size - delimiter.length);
    for (let i = Math.max(this.#searched, headSize - delimiter.length + 1); i <= last; i++) {
      if (delimiter.every((byte, j) => this.byteAt(i + j) === byte)) return i;
    }
    return -1;
  }
}

/** Returns whether a rest of memory is worth copying out of it. */
function isMuchLess(size: number, memory: number): boolean {
  return size * 4 + SLACK < memory;
}

/** Returns the index of the next delimiter in `bytes`; -1 if there is none. */
function indexIn(bytes: Uint8Array, delimiter: Uint8Array, from: number): number {
  const last = bytes.length - delimiter.length;
  const [first = 0] = delimiter;
  let at = bytes.indexOf(first, from);
  while (at >= 0 && at <= last) {
    if (isAt(bytes, at, delimiter)) return at;
    at = bytes.indexOf(first, at + 1);
  }
  return -1;
}

function isAt(bytes: Uint8Array, start: number, delimiter: Uint8Array): boolean {
  for (let i = 1; i < delimiter.length; i++) {
    if (bytes[start + i] !== delimiter[i]) return false;
  }
  return true;
}
