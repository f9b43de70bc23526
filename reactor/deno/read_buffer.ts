/**
 * Memory for the reads of one connection.
 *
 * A read that waits needs a buffer, and most connections of a large server only wait: so their buffers must be small. A read that has much
 * to take needs a large one, or it takes many calls. What is known of the next read is how the last one ended:
 *
 * - It filled its buffer: there is more in the kernel, and the next read will not wait. Its buffer is four times as large.
 * - It did not: the kernel is empty, and the next read will wait. Its buffer fits twice what came, up to 4 KiB.
 *
 * Connections in the middle of a transfer run dry again and again, and starting small each time would cost them calls. So a few of
 * them may wait with a large buffer; how many is bounded for the process, and with it the memory.
 *
 * A chunk that is handed out is never written again. Small chunks are copied into slabs, and the buffer is read into again; large ones
 * are parts of the buffer, and the next read goes behind them.
 *
 * @module
 */

import { KeptPieces, LARGEST_PIECE } from "../slab.ts";

/** The size of a connection's first buffer: a cell of memory that many connections share, as an ArrayBuffer takes 300 bytes by itself. */
const CELL = 256;
const CELLS_AT_ONCE = 128;
const LARGEST_WAITING = 4096;
const LARGEST = 65536;
/** Behind a chunk, less than this is not worth a read. */
const LEAST_SPACE = 16384;
/** Connections that may wait with a large buffer: 4 MiB in all. */
const MOST_LARGE_WAITING = 64;

const NOTHING = new Uint8Array(0);
let largeWaiting = 0;
const freeCells: Uint8Array<ArrayBuffer>[] = [];
const pieces = new KeptPieces();

/** The read memory of one connection. */
export class ReadBuffer {
  #memory: Uint8Array<ArrayBuffer> = takeCell();
  #offset = 0;
  #isLargeWaiting = false;

  /** Where the next read puts its bytes. */
  space(): Uint8Array<ArrayBuffer> {
    return this.#offset === 0 ? this.#memory : this.#memory.subarray(this.#offset);
  }

  /** The first `count` bytes of the last {@linkcode space}, in memory that is never written again. Sizes the next space. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const space = this.space();
    const filled = count === space.length;
    if (count > LARGEST_PIECE) {
      this.#offset += count;
      this.#fitAfterLarge(filled);
      return space.subarray(0, count);
    }
    const chunk = pieces.copy(filled ? space : space.subarray(0, count));
    if (filled) this.#replace(Math.min(space.length * 4, LARGEST));
    else this.#fitAfterSmall(count, space.length);
    return chunk;
  }

  /** Lets go of the memory. Comes last, and with no read under way. */
  release(): void {
    this.#waitLarge(false);
    giveCell(this.#memory);
    this.#memory = NOTHING;
  }

  #fitAfterSmall(count: number, size: number): void {
    const fit = Math.min(fitFor(count), LARGEST_WAITING);
    if (size <= LARGEST_WAITING) {
      if (size < fit) this.#replace(fit);
    } else if (count < size >> 3 || !this.#waitLarge(true)) {
      this.#waitLarge(false);
      this.#replace(fit);
    }
  }

  #fitAfterLarge(filled: boolean): void {
    const left = this.#memory.length - this.#offset;
    if (filled) this.#replace(LARGEST);
    else if (!this.#waitLarge(true)) this.#replace(LARGEST_WAITING);
    else if (left < LEAST_SPACE) this.#replace(LARGEST);
  }

  #replace(size: number): void {
    giveCell(this.#memory);
    this.#memory = size === CELL ? takeCell() : new Uint8Array(size);
    this.#offset = 0;
  }

  /** Takes or gives back one of the places for large waiting buffers. @returns whether this buffer has one now. */
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
