import { BufferedDecoder } from "../framing/buffered_decoder.ts";

const EMPTY = new Uint8Array(0);
const EMPTY_MEMORY = EMPTY.buffer;
/** The number of bytes of a second chunk to copy, in which a frame that began before may end. */
const BEYOND = 64;
/** The size of the memory for such copies, in bytes. Many small allocations would take longer. */
const MEMORY = 2048;

/**
 * The base class of the decoders of this folder: a decoder that sees all bytes that have arrived in
 * one piece of memory.
 *
 * The bytes of frames that were returned are skipped in the buffer only when more arrive. So many
 * frames of one chunk cost no more than an index each.
 */
export abstract class ContiguousDecoder<Frame> extends BufferedDecoder<Frame> {
  /** The content of the buffer; empty if it must be read again. */
  #bytes: Uint8Array = EMPTY;
  /** The `buffer` of `#bytes`, kept because that getter takes as long as to create a view. */
  #memory: ArrayBufferLike = EMPTY_MEMORY;
  /** Whether `#bytes` is a copy of the beginning of the content. */
  #isPart = false;
  /** Memory for copies. What has been used of it is never written again. */
  #copies: Uint8Array = EMPTY;
  #copied = 0;
  /** The number of bytes at its beginning that belong to frames that were returned. */
  #used = 0;
  /** The number of bytes that the incomplete frame is known to need. */
  #needed = 0;

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
    const { buffer } = this;
    if (buffer.size - this.#used < Math.max(this.#needed, 1)) return this.#wait();
    if (this.#bytes.length === 0) this.#look();
    let frame = this.parse(this.#bytes, this.#used);
    if (this.#isPart) {
      if (frame === null) {
        this.#show(buffer.peek(0, buffer.size));
        frame = this.parse(this.#bytes, this.#used);
      } else {
        // The frames after this one are looked for where they arrived.
        this.#hide();
      }
      this.#isPart = false;
    }
    return frame ?? this.#wait();
  }

  /** Forgets the incomplete frame. */
  protected override reset(): void {
    this.#needed = 0;
    this.#skipUsed();
  }

  /**
   * Gets the content of the buffer in one piece. If it begins with the end of a chunk, and a larger
   * chunk follows, then only the beginning of that chunk is copied: probably, the first frame ends
   * there, and the others need no copy.
   */
  #look(): void {
    this.#skipUsed();
    const { buffer } = this;
    const { size } = buffer;
    const head = buffer.peekHead();
    const end = Math.max(this.#needed, head.length + BEYOND);
    this.#isPart = head.length * 2 <= size && end < size;
    if (head.length === size) this.#show(head);
    else if (this.#isPart) this.#show(this.#join(head, buffer.peek(head.length, end)));
    else this.#show(buffer.peek(0, size));
  }

  #show(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#memory = bytes.buffer;
  }

  /** Lets go of the content of the buffer, so that an idle decoder keeps no chunk. */
  #hide(): void {
    this.#bytes = EMPTY;
    this.#memory = EMPTY_MEMORY;
  }

  #wait(): null {
    this.#skipUsed();
    this.buffer.expect(this.#needed);
    return null;
  }

  #skipUsed(): void {
    this.#hide();
    this.#isPart = false;
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
