/**
 * Bytes that have come and have not been used yet: what a protocol keeps that takes its input apart.
 *
 * The work is linear in what comes, however it comes, byte by byte included, and whatever is taken out of it:
 *
 * - A chunk that comes when nothing is kept is used where it lies. What is taken out is a view of it.
 * - Where something is kept, a chunk is copied behind it, into memory that grows by doubling.
 * - How far was searched in vain is remembered, as h11's `_receivebuffer.py` does it.
 * - What is kept when no more can be used is copied out of memory that is much larger: a view of ten bytes would keep the 128 KiB alive
 *   that they came with. Each byte is copied so a bounded number of times, as at least as many have been used before each time.
 *
 * Memory that was handed out, as a view, is never written again.
 *
 * @module
 */

const NOTHING = new Uint8Array(0);
/** The least memory that is taken for what is kept. */
const SMALLEST = 64;

/** Bytes in by `append`, and out by `take` and `takeAll`. */
export class ReceiveBuffer {
  /** What came, from `#start` on not used. */
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  /** Where `#bytes` may grow: memory of which they are the beginning; null where they are a chunk as it came. */
  #memory: Uint8Array | null = null;
  /** Up to here no delimiter begins. */
  #searched = 0;

  /** How many bytes there are. */
  get size(): number {
    return this.#bytes.length - this.#start;
  }

  /** Adds a chunk. It belongs to the buffer now, and is not written to. */
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

  /** How many bytes come before the next delimiter; -1 when there is none. */
  lengthUntil(delimiter: Uint8Array): number {
    const end = this.#find(delimiter);
    return end < 0 ? -1 : end - this.#start;
  }

  /** Takes out the first `count` bytes, and drops the `dropped` ones behind them. */
  take(count: number, dropped: number): Uint8Array {
    const end = this.#start + count;
    const taken = this.#bytes.subarray(this.#start, end);
    this.#start = this.#searched = end + dropped;
    return taken;
  }

  /** All that there is. */
  takeAll(): Uint8Array {
    const all = this.#bytes.subarray(this.#start);
    this.#keep(NOTHING, null);
    return all;
  }

  /** Puts bytes in front of what there is: they were taken out, and are not used. */
  putBack(bytes: Uint8Array): void {
    const rest = this.takeAll();
    this.append(bytes);
    this.append(rest);
  }

  /** Has another delimiter looked for, in what has been searched too. */
  searchAgain(): void {
    this.#searched = this.#start;
  }

  /** Lets go of memory that is much larger than what is kept. Comes when no more can be used for now. */
  settle(): void {
    if (this.size === 0) this.#keep(NOTHING, null);
    else if (this.size * 4 + SMALLEST < this.#bytes.buffer.byteLength) this.#move(0);
  }

  #keep(bytes: Uint8Array, memory: Uint8Array | null): void {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#start = this.#searched = 0;
  }

  /** Copies what is kept into new memory, with room for `more` and to grow. */
  #move(more: number): Uint8Array {
    const { size } = this;
    const memory = new Uint8Array(Math.max(size * 2 + more, SMALLEST));
    memory.set(this.#bytes.subarray(this.#start));
    this.#keep(memory.subarray(0, size), memory);
    return memory;
  }

  /** Where the next delimiter begins; -1 when there is none. */
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
