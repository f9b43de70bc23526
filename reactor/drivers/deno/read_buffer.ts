/**
 * The read buffer of one connection.
 *
 * A waiting read needs a buffer, and most connections of a large server only wait, so their buffers
 * must be small. A read with much data needs a large buffer, or else it takes many calls. The
 * result of the last read predicts the next one:
 *
 * - The read filled its buffer. The kernel has more, and the next read will not wait. Its buffer is
 *   four times as large, up to 256 KiB. Less would cost system calls.
 * - The read did not fill its buffer. The kernel is empty, and the next read will wait. Its buffer
 *   fits twice the bytes received, up to 4 KiB.
 *
 * Connections in the middle of a transfer run empty again and again, and would lose time if they
 * started small each time. So a few of them may wait with a large buffer. Their number is limited
 * for the process, and the memory with it.
 *
 * A chunk that the protocol receives is never written again: all data is copied out, and the buffer
 * is reused while it is in the processor's cache. Handing out large buffers would cost more: a new
 * buffer must be cleared, while a copy need not be.
 *
 * @module
 */

import { ChunkAllocator } from "../../../internal/chunk_allocator.ts";

/**
 * The size of a connection's first buffer, in bytes. Many such cells share one ArrayBuffer, which
 * takes 300 bytes by itself.
 */
const CELL_SIZE = 256;
const CELLS_PER_BLOCK = 128;
const MAX_WAITING_SIZE = 4096;
const MAX_SIZE = 262144;
/** The number of connections that may wait with a large buffer: 8 MiB in all. */
const MAX_LARGE_WAITING = 32;

const EMPTY = new Uint8Array(0);
let largeWaiting = 0;
const freeCells: Uint8Array<ArrayBuffer>[] = [];
const chunks = new ChunkAllocator();

/** The read buffer of one connection. */
export class ReadBuffer {
  #size = CELL_SIZE;
  /** The memory, which is allocated for the first read: a protocol may bring its own. */
  #memory: Uint8Array<ArrayBuffer> = EMPTY;
  #isLargeWaiting = false;

  /** The size of the next read in bytes. */
  get sizeHint(): number {
    return this.#size;
  }

  /** The memory for the next read. */
  get space(): Uint8Array<ArrayBuffer> {
    if (this.#memory.length === 0) this.#memory = allocate(this.#size);
    return this.#memory;
  }

  /**
   * Returns the first `count` bytes of {@linkcode space}, in memory that is never written again,
   * and sizes the next space.
   */
  take(count: number): Uint8Array<ArrayBuffer> {
    const memory = this.#memory;
    const chunk = chunks.copy(memory, count);
    this.filled(count, memory.length);
    return chunk;
  }

  /**
   * Sizes the next space after a read.
   *
   * @param count The number of bytes that were read.
   * @param size The size of the memory into which they were read.
   */
  filled(count: number, size: number): void {
    // A protocol may have provided less memory than this size.
    if (count >= size) this.#resize(Math.min(Math.max(count * 4, this.#size), MAX_SIZE));
    else this.#fitToWait(count, this.#size);
  }

  /** Releases the memory. The last call, made when no read is pending. */
  release(): void {
    this.#waitLarge(false);
    giveCell(this.#memory);
    this.#memory = EMPTY;
  }

  /**
   * Chooses the buffer's size for a read that will wait, after a read of `count` bytes into `size`
   * bytes.
   */
  #fitToWait(count: number, size: number): void {
    const fit = Math.min(fitFor(count), MAX_WAITING_SIZE);
    if (size <= MAX_WAITING_SIZE) {
      if (size < fit) this.#resize(fit);
    } else if (count < size >> 3 || !this.#waitLarge(true)) {
      this.#waitLarge(false);
      this.#resize(fit);
    }
  }

  #resize(size: number): void {
    if (size === this.#size) return;
    giveCell(this.#memory);
    this.#memory = EMPTY;
    this.#size = size;
  }

  /**
   * Acquires or releases the right to wait with a large buffer.
   *
   * @returns Whether this buffer has the right now.
   */
  #waitLarge(wanted: boolean): boolean {
    if (wanted && !this.#isLargeWaiting && largeWaiting < MAX_LARGE_WAITING) {
      this.#isLargeWaiting = true;
      largeWaiting++;
    } else if (!wanted && this.#isLargeWaiting) {
      this.#isLargeWaiting = false;
      largeWaiting--;
    }
    return this.#isLargeWaiting;
  }
}

/** Returns the smallest buffer size that fits twice `count` bytes. */
function fitFor(count: number): number {
  let size = CELL_SIZE;
  while (size < 2 * count) size *= 2;
  return size;
}

function allocate(size: number): Uint8Array<ArrayBuffer> {
  return size === CELL_SIZE ? takeCell() : new Uint8Array(size);
}

function takeCell(): Uint8Array<ArrayBuffer> {
  const cell = freeCells.pop();
  if (cell !== undefined) return cell;
  const memory = new ArrayBuffer(CELL_SIZE * CELLS_PER_BLOCK);
  for (let i = 1; i < CELLS_PER_BLOCK; i++) {
    freeCells.push(new Uint8Array(memory, i * CELL_SIZE, CELL_SIZE));
  }
  return new Uint8Array(memory, 0, CELL_SIZE);
}

function giveCell(memory: Uint8Array<ArrayBuffer>): void {
  if (memory.length === CELL_SIZE) freeCells.push(memory);
}
