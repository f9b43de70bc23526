import { FrameTooLongError } from "../framing/framing_error.ts";

const EMPTY = new Uint8Array(0);
/** The smallest allocation, in bytes. */
const SMALLEST = 1024;

/**
 * The fragments of a message that is not complete. Their payloads are joined in memory that doubles
 * when it is full, so that many small fragments cost no more than one large one.
 */
export class MessageAssembly {
  readonly #maxLength: number;
  #memory: Uint8Array = EMPTY;
  #size = 0;

  /** @param maxLength The maximum number of bytes of a message. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The number of bytes of the fragments. */
  get size(): number {
    return this.#size;
  }

  /**
   * Makes room for a fragment at the end.
   *
   * @param length The number of its bytes.
   * @returns The memory, to write the fragment to from the former {@linkcode size} on.
   */
  extend(length: number): Uint8Array {
    const size = this.#size + length;
    if (size > this.#memory.length) {
      const limit = Math.max(size, Math.min(this.#maxLength, SMALLEST + 2 * size));
      const memory = new Uint8Array(limit);
      memory.set(this.#memory.subarray(0, this.#size));
      this.#memory = memory;
    }
    this.#size = size;
    return this.#memory;
  }

  /**
   * Throws if a message would be too long with a further fragment.
   *
   * @param length The number of bytes of the fragment.
   * @param offset Bytes between the beginning of the input and the fragment.
   */
  check(length: number, offset: number): void {
    const size = this.#size + length;
    if (size <= this.#maxLength) return;
    throw new FrameTooLongError("WebSocket message", size, this.#maxLength, offset);
  }

  /** Takes out the fragments. Their memory is never written again. */
  take(): Uint8Array {
    const message = this.#memory.subarray(0, this.#size);
    this.clear();
    return message;
  }

  /** Forgets the fragments. */
  clear(): void {
    this.#memory = EMPTY;
    this.#size = 0;
  }
}
