/**
 * Memory for the reads of one connection.
 *
 * A read that waits needs a buffer, and most connections of a large server only wait: so their
 * buffers must be small. A read that has much to take needs a large one, or it takes many calls.
 * What is known of the next read is how the last one ended:
 *
 * - It filled its buffer: there is more in the kernel, and the next read will not wait. Its buffer
 *   is four times as large, up to 128 KiB.
 * - It did not: the kernel is empty, and the next read will wait. Its buffer fits twice what came,
 *   up to 4 KiB.
 *
 * Connections in the middle of a transfer run dry again and again, and starting small each time
 * would cost them calls. So a few of them may wait with a large buffer; how many is bounded for the
 * process, and with it the memory.
 *
 * A chunk that is handed out is never written again: all are copied out, and the buffer is read
 * into again while it is in the processor's cache. Handing large buffers over instead costs as
 * much: a new one has to be cleared, `slice` need not clear what it fills.
 *
 * @module
 */

import { ChunkAllocator, LARGEST_PIECE } from "../../stream/write_arena.ts";

/**
 * The size of a connection's first buffer: a cell of memory that many connections share, as an
 * ArrayBuffer takes 300 bytes by itself.
 */
const CELL = 256;
const CELLS_AT_ONCE = 128;
const LARGEST_WAITING = 4096;
const LARGEST = 131072;
/** Connections that may wait with a large buffer: 4 MiB in all. */
const MOST_LARGE_WAITING = 32;

const NOTHING = new Uint8Array(0);
let largeWaiting = 0;
const freeCells: Uint8Array<ArrayBuffer>[] = [];
const pieces = new ChunkAllocator();

/** The read memory of one connection. */
export class ReadBuffer {
  #memory: Uint8Array<ArrayBuffer> = takeCell();
  #isLargeWaiting = false;

  /** Where the next read puts its bytes. */
  get space(): Uint8Array<ArrayBuffer> {
    return this.#memory;
  }

  /**
   * The first `count` bytes of {@linkcode space}, in memory that is never written again. Sizes the
   * next space.
   */
  take(count: number): Uint8Array<ArrayBuffer> {
    const memory = this.#memory;
    const chunk = count > LARGEST_PIECE ? memory.slice(0, count) : pieces.copy(memory, count);
    if (count === memory.length) this.#resize(Math.min(count * 4, LARGEST));
    else this.#fitToWait(count, memory.length);
    return chunk;
  }

  /** Lets go of the memory. Comes last, and with no read under way. */
  release(): void {
    this.#waitLarge(false);
    giveCell(this.#memory);
    this.#memory = NOTHING;
  }

  /** Sizes the buffer for a read that waits, after one that took `count` of `size` bytes. */
  #fitToWait(count: number, size: number): void {
    const fit = Math.min(fitFor(count), LARGEST_WAITING);
    if (size <= LARGEST_WAITING) {
      if (size < fit) this.#resize(fit);
    } else if (count < size >> 3 || !this.#waitLarge(true)) {
      this.#waitLarge(false);
      this.#resize(fit);
    }
  }

  #resize(size: number): void {
    if (size === this.#memory.length) return;
    giveCell(this.#memory);
    this.#memory = size === CELL ? takeCell() : new Uint8Array(size);
  }

  /**
   * Takes or gives back one of the places for large waiting buffers. @returns whether this buffer
   * has one now.
   */
  #waitLarge(wanted: boolean): boolean {
    if (wanted && !this.#isLargeWaiting && largeWaiting < MOST_LARGE_WAITING) {
      this.#isLargeWaiting = true;
      largeWaiting++;
    } else if (!wanted && this.#isLargeWaiting) {
      this.#isLargeWaiting = false;
      largeWaiting--;
    }
    return this.#isLargeWaiting;
  }
}

/** The smallest size that fits twice `count` bytes. */
function fitFor(count: number): number {
  let size = CELL;
  while (size < 2 * count) size *= 2;
  return size;
}

function takeCell(): Uint8Array<ArrayBuffer> {
  const cell = freeCells.pop();
  if (cell !== undefined) return cell;
  const memory = new ArrayBuffer(CELL * CELLS_AT_ONCE);
  for (let i = 1; i < CELLS_AT_ONCE; i++) freeCells.push(new Uint8Array(memory, i * CELL, CELL));
  return new Uint8Array(memory, 0, CELL);
}

function giveCell(memory: Uint8Array<ArrayBuffer>): void {
  if (memory.length === CELL) freeCells.push(memory);
}
