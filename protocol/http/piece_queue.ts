import { Fifo } from "../../defer/fifo.ts";

/** Pieces below this size, in bytes, are collected in blocks if others wait before them. */
const SMALL = 1024;
/** The size of a block in bytes. */
const BLOCK = 4096;
const EMPTY = new Uint8Array(0);

/**
 * The bytes of a body that wait for the handler.
 *
 * A client decides into how many chunks it cuts a body. A view of each would take a hundred times
 * the memory of a chunk of one byte, so small pieces are copied into blocks.
 *
 * What is taken out is always a copy. The pieces are views of memory with other requests in it, and
 * a handler may write to its bytes, or transfer them to a worker.
 */
export class PieceQueue {
  readonly #pieces = new Fifo<Uint8Array>();
  /** The last bytes, as the beginning of a block; empty memory if there is no block. */
  #block = EMPTY;
  #filled = 0;
  #size = 0;

  /** The number of bytes. */
  get size(): number {
    return this.#size;
  }

  /** Adds a piece. Its memory must not be written again. */
  push(piece: Uint8Array): void {
    this.#size += piece.length;
    if (piece.length >= SMALL || this.#size === piece.length) {
      this.#closeBlock();
      this.#pieces.push(piece);
      return;
    }
    if (this.#filled + piece.length > this.#block.length) {
      this.#closeBlock();
      this.#block = new Uint8Array(BLOCK);
    }
    this.#block.set(piece, this.#filled);
    this.#filled += piece.length;
  }

  /** Takes out the first bytes: at least one, unless the queue is empty. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#pieces.length === 0) this.#closeBlock();
    const piece = this.#pieces.length === 0 ? EMPTY : this.#pieces.shift();
    this.#size -= piece.length;
    return piece.slice();
  }

  /** Takes out all bytes. */
  takeAll(): Uint8Array<ArrayBuffer> {
    this.#closeBlock();
    const bytes = new Uint8Array(this.#size);
    for (let at = 0; this.#pieces.length > 0;) {
      const piece = this.#pieces.shift();
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#size = 0;
    return bytes;
  }

  #closeBlock(): void {
    const { length } = this.#block;
    if (length === 0) return;
    // A block that is mostly empty is not kept.
    const isFull = this.#filled * 2 > length;
    const bytes = isFull
      ? this.#block.subarray(0, this.#filled)
      : this.#block.slice(0, this.#filled);
    this.#pieces.push(bytes);
    this.#block = EMPTY;
    this.#filled = 0;
  }
}
