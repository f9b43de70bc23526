/**
 * What a connection has yet to send.
 *
 * Small writes are copied, so that the caller may use its memory again, and lie behind one another where they can, so that many of them
 * leave in one system call. Large ones are kept by reference: copying them would cost more than the call it saves. Buffers are taken
 * from a pool while there is something to send: an idle connection has none.
 *
 * @module
 */

import { hold, letGoOf } from "./held_buffers.ts";
import { LARGEST_PIECE, type WriteArena, WriteArenas } from "./write_arena.ts";

/** Writes of this many bytes and more are not copied: their buffer belongs to the transport until it is flushed. */
export const COPY_BELOW: number = LARGEST_PIECE;

// Small pieces that do not lie behind one another are gathered up to this size.
const GATHER_UP_TO = 65536;
const MOST_SPARE = 256;
const spare: WriteBuffer[] = [];
const slabs = new WriteArenas();
const encoder = new TextEncoder();

/** A run of bytes in a slab, or bytes of the caller's. */
interface Chunk {
  bytes: Uint8Array;
  /** The length of `bytes`. They have another one once the caller has detached or resized their buffer. */
  size: number;
  slab: WriteArena | null;
  /** The caller's buffer, noted among the held ones. */
  held: ArrayBuffer | null;
}

// In the place of what has been sent, whose memory is not to be kept.
const SENT: Chunk = { bytes: new Uint8Array(), size: 0, slab: null, held: null };

/** A queue of bytes: in by `push`, out by `head` and `consume`. */
export class WriteBuffer {
  /** What is ready to be sent, in order, from `#first` on. */
  readonly #chunks: Chunk[] = [];
  #first = 0;
  /** The run behind all chunks, which may still grow. */
  #tail: WriteArena | null = null;
  #tailStart = 0;
  #tailEnd = 0;
  #size = 0;

  /** An empty buffer. */
  static take(): WriteBuffer {
    return spare.pop() ?? new WriteBuffer();
  }

  /** Gives an empty buffer back. One that is not empty is just dropped: its memory may still be read by the system. */
  release(): void {
    if (this.#size === 0 && spare.length < MOST_SPARE) spare.push(this);
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds bytes. Those of a small write are copied.
   *
   * @param isGiven Whether the caller has no more use for them. A large buffer is freed as soon as every connection that holds it
   *   has sent it: left to the collector, which does not forceClose, a fast transfer would have tens of megabytes of them lie about.
   */
  push(bytes: Uint8Array, isGiven = false): void {
    if (bytes.length >= COPY_BELOW) {
      this.#seal();
      const size = bytes.length;
      this.#size += size;
      this.#chunks.push({
        bytes: ofFixedLength(bytes),
        size,
        slab: null,
        held: hold(bytes, isGiven),
      });
      return;
    }
    this.#grow(bytes.length).memory.set(bytes, this.#tailEnd);
    this.#grew(bytes.length);
  }

  /** Adds a string as UTF-8. */
  pushString(text: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at the most.
    if (text.length * 3 >= COPY_BELOW) {
      this.push(encoder.encode(text));
      return;
    }
    const { memory } = this.#grow(text.length * 3);
    this.#grew(encoder.encodeInto(text, memory.subarray(this.#tailEnd)).written);
  }

  /** The next bytes to send, at least one. They stay as they are. Not to be asked for while the head is {@linkcode spoiled}. */
  head(): Uint8Array {
    this.#seal();
    const head = this.#chunks[this.#first];
    if (head === undefined) throw new Error("Cannot take bytes from an empty write buffer");
    const isLast = this.#first === this.#chunks.length - 1;
    return isLast || head.size >= COPY_BELOW ? head.bytes : this.#gather();
  }

  /** Bytes of the head that can no longer be sent, because their owner has detached or resized the buffer; 0 while all is well. */
  get spoiled(): number {
    const head = this.#chunks[this.#first];
    return head === undefined || isIntact(head) ? 0 : head.size;
  }

  /** Drops `count` bytes of the head: they have been sent. */
  consume(count: number): void {
    const head = this.#chunks[this.#first];
    if (head === undefined || count > head.size) {
      throw new Error(`Cannot consume ${count} bytes of a head of ${head?.size ?? 0}`);
    }
    this.#size -= count;
    if (count < head.size) {
      head.bytes = head.bytes.subarray(count);
      head.size -= count;
      return;
    }
    letGo(head);
    this.#chunks[this.#first++] = SENT;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = this.#first = 0;
    } else if (this.#first >= 32 && this.#first * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Makes the first small chunks one. */
  #gather(): Uint8Array {
    let size = 0;
    let end = this.#first;
    for (let chunk = this.#chunks[end]; chunk !== undefined; chunk = this.#chunks[++end]) {
      if (chunk.size >= COPY_BELOW || size + chunk.size > GATHER_UP_TO) break;
      if (!isIntact(chunk)) break;
      size += chunk.size;
    }
    const bytes = new Uint8Array(size);
    let filled = 0;
    for (
      const chunk of this.#chunks.splice(this.#first, end - this.#first, {
        bytes,
        size,
        slab: null,
        held: null,
      })
    ) {
      bytes.set(chunk.bytes, filled);
      filled += chunk.size;
      letGo(chunk);
    }
    return bytes;
  }

  /** A slab with room for `size` bytes behind the tail: in place where nobody else has taken any since, else a new tail. */
  #grow(size: number): WriteArena {
    const slab = slabs.withRoom(size);
    if (this.#tail === slab && this.#tailEnd === slab.used) return slab;
    this.#seal();
    this.#tail = slab;
    this.#tailStart = this.#tailEnd = slab.used;
    slab.users++;
    return slab;
  }

  #grew(size: number): void {
    this.#tailEnd += size;
    this.#size += size;
    if (this.#tail !== null) this.#tail.used = this.#tailEnd;
  }

  /** Makes the tail a chunk. Later writes go behind it. */
  #seal(): void {
    const slab = this.#tail;
    if (slab === null) return;
    this.#chunks.push({
      bytes: slab.memory.subarray(this.#tailStart, this.#tailEnd),
      size: this.#tailEnd - this.#tailStart,
      slab,
      held: null,
    });
    this.#tail = null;
  }
}

/** The chunk has been sent, or copied. */
function letGo({ slab, held }: Chunk): void {
  if (slab !== null) slabs.release(slab);
  if (held !== null) letGoOf(held);
}

/** Whether the caller's memory is still there. A view on a buffer that has been detached or shrunk has another length, mostly 0. */
function isIntact({ bytes, size }: Chunk): boolean {
  return bytes.length === size;
}

/** A view on a buffer that can be resized may grow with it; this one does not. */
function ofFixedLength(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  const canChange = buffer instanceof ArrayBuffer ? buffer.resizable : buffer.growable;
  return canChange ? bytes.subarray(0, bytes.length) : bytes;
}
