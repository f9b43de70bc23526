import { BufferedDecoder } from "./buffered_decoder.ts";

const EMPTY = new Uint8Array(0);
const EMPTY_MEMORY = EMPTY.buffer;
/** The number of bytes of a second chunk to copy, in which a frame that began before may end. */
const BEYOND = 64;
/** The size of the memory for such copies, in bytes. Many small allocations would take longer. */
const MEMORY = 2048;

/**
 * The base class of decoders of wire protocols: a decoder that sees all bytes that have arrived in
 * one piece of memory.
 *
 * The bytes of frames that were returned are skipped in the buffer only when more arrive. So many
 * frames of one chunk cost no more than an index each.
 */
export abstract class ContiguousDecoder<Frame> extends BufferedDecoder<Frame> {
  /** The content of the buffer; empty if it must be looked for. */
  #bytes: Uint8Array = EMPTY;
  /** The `buffer` of `#bytes`, kept because that getter takes as long as to create a view. */
  #memory: ArrayBufferLike = EMPTY_MEMORY;
  /** The number of bytes at its beginning that belong to frames that were returned. */
  #used = 0;
  /** The number of bytes that the incomplete frame is known to need. */
  #needed = 0;
  /** Memory for copies. What has been used of it is never written again. */
  #copies: Uint8Array = EMPTY;
  #copied = 0;

  /** The number of bytes that have been pushed and belong to no frame that was returned. */
  override get buffered(): number {
    return this.buffer.size - this.#used;
  }

  /**
   * Adds bytes that have arrived.
   *
   * @param chunk The bytes, in any number. The decoder keeps them.
   */
  override push(chunk: Uint8Array): void {
    this.#skipUsed();
    super.push(chunk);
  }

  /** Declares the end of the input. */
  override finish(): void {
    this.#skipUsed();
    super.finish();
  }

  /**
   * Parses the frame that begins at `start`. It calls {@linkcode advance} at the end of the frame,
   * and behind bytes that belong to no frame. What it keeps about an incomplete frame must not
   * depend on `start`, which changes.
   *
   * @param bytes All bytes that have arrived.
   * @param start The index of the first byte of the frame.
   * @returns The frame; `null` if more bytes are needed.
   */
  protected abstract parse(bytes: Uint8Array, start: number): Frame | null;

  /** The `buffer` of the bytes that are being parsed. */
  protected get memory(): ArrayBufferLike {
    return this.#memory;
  }

  /** Removes the bytes before an index from the buffer, once the current frame is returned. */
  protected advance(index: number): void {
    this.#used = index;
    this.#needed = 0;
  }

  /** Announces the number of bytes of the frame that {@linkcode parse} needs to make progress. */
  protected expect(size: number): void {
    this.#needed = size;
  }

  /** The number of bytes between the beginning of the input and a byte that is being parsed. */
  protected offsetOf(index: number): number {
    return this.buffer.offset + index;
  }

  /** Decodes the next frame. */
  protected override decode(): Frame | null {
    const frame = this.#used < this.#bytes.length
      ? this.parse(this.#bytes, this.#used)
      : this.#first();
    if (frame !== null) return frame;
    this.#skipUsed();
    this.buffer.expect(this.#needed);
    return null;
  }

  /** Forgets the incomplete frame. */
  protected override reset(): void {
    this.#needed = 0;
    this.#skipUsed();
  }

  /**
   * Decodes the first frame since bytes were added. If it begins with the end of a chunk, and a
   * larger chunk follows, then only the beginning of that chunk is copied: probably, the frame ends
   * there, and the others need no copy.
   */
  #first(): Frame | null {
    this.#skipUsed();
    const { buffer } = this;
    const needed = Math.max(this.#needed, 1);
    if (buffer.size < needed) return null;
    const head = buffer.peekHead();
    if (head.length === buffer.size) return this.#parseIn(head);
    const end = Math.max(needed, head.length + BEYOND);
    if (head.length * 2 <= buffer.size && end < buffer.size) {
      const frame = this.#parseIn(this.#join(head, buffer.peek(head.length, end)));
      // The frames after this one are looked for where they arrived.
      this.#skipUsed();
      if (frame !== null) return frame;
    }
    return this.#parseIn(buffer.peek(0, buffer.size));
  }

  #parseIn(bytes: Uint8Array): Frame | null {
    this.#bytes = bytes;
    this.#memory = bytes.buffer;
    return this.parse(bytes, 0);
  }

  /** Removes the frames that were returned, and lets go of their memory. */
  #skipUsed(): void {
    this.#bytes = EMPTY;
    this.#memory = EMPTY_MEMORY;
    if (this.#used > 0) this.buffer.skip(this.#used);
    this.#used = 0;
  }

  #join(first: Uint8Array, second: Uint8Array): Uint8Array {
    const length = first.length + second.length;
    if (this.#copies.length - this.#copied < length) {
      this.#copies = new Uint8Array(Math.max(MEMORY, length));
      this.#copied = 0;
    }
    const start = this.#copied;
    this.#copied += length;
    const joined = this.#copies.subarray(start, this.#copied);
    joined.set(first);
    joined.set(second, first.length);
    return joined;
  }
}
