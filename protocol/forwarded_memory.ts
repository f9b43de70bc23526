/**
 * Memory for large amounts of data that are forwarded from one connection to another one: the first
 * connection reads into it, and the second one sends it, so that nothing is copied in between.
 *
 * A block belongs to one side at a time. It returns to the pool when its bytes have been sent, so a
 * slow reader holds no more of them than its write buffer accepts. A connection that waits has
 * none, unless its driver has a large read pending: the default one allows that for up to 32
 * connections.
 *
 * @module
 */

import type { ITransport, WriteOptions } from "../reactor/interfaces/mod.ts";
import { forwardData } from "./forwarded_events.ts";

/**
 * The size of a block in bytes. It is larger than the buffers that connections have, because it
 * saves a copy: a read that takes more saves system calls.
 */
const BLOCK_SIZE = 262144;
/** The largest recommended size, in bytes, of a connection that mostly waits. */
const LARGEST_WAITING = 4096;
/**
 * The least amount in bytes for which a block is sent: that of the default high-water mark. Several
 * smaller amounts in the write buffer of a slow reader would hold a block each.
 */
const LEAST_SENT = 65536;
/** The most unused blocks that are kept for later: 4 MiB. */
const MOST_SPARE = 16;

const spare: Block[] = [];

/** Memory for one read. */
class Block {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BLOCK_SIZE);
  readonly writeOptions: WriteOptions = { flushed: () => this.#flushed() };
  #isSending = false;

  /** Sends the first bytes, after which the block returns to the pool. */
  send(to: ITransport, count: number): void {
    this.#isSending = true;
    to.write(this.bytes.subarray(0, count), this.writeOptions);
  }

  release(): void {
    // A policy may have transferred the memory.
    if (this.bytes.length === 0) return;
    if (spare.length < MOST_SPARE) spare.push(this);
    // Frees the memory at once. The garbage collector would free it much later.
    else this.bytes.buffer.transfer(0);
  }

  /**
   * A policy may pass the options on with several writes. A second return to the pool would give
   * the memory to two connections.
   */
  #flushed(): void {
    if (!this.#isSending) return;
    this.#isSending = false;
    this.release();
  }
}

/** The memory into which one connection reads. */
export class ForwardedMemory {
  #block: Block | null = null;

  /**
   * Returns the memory for the next read.
   *
   * @param sizeHint The recommended size in bytes.
   * @returns The memory; `null` for a connection that mostly waits, which uses its own small
   *   buffer.
   */
  lend(sizeHint: number): Uint8Array<ArrayBuffer> | null {
    if (sizeHint > LARGEST_WAITING) return (this.#block ??= spare.pop() ?? new Block()).bytes;
    this.release();
    return null;
  }

  /**
   * Forwards bytes that were read into the memory.
   *
   * @param to The connection that sends them.
   * @param count The number of bytes.
   */
  forward(to: ITransport, count: number): void {
    const block = this.#block;
    if (block === null) return;
    this.#block = null;
    if (count >= LEAST_SENT) return block.send(to, count);
    // A new array of a view is copied without being cleared before, unlike the result of slice().
    const data = new Uint8Array(block.bytes.subarray(0, count));
    // Nothing more may arrive for long, and the connection must not keep the memory meanwhile.
    block.release();
    forwardData(to, data);
  }

  /** Returns the memory to the pool. No read may be pending. */
  release(): void {
    this.#block?.release();
    this.#block = null;
  }

  /**
   * Leaves the memory to the garbage collector: a system call that is being cancelled may still
   * write to it.
   */
  abandon(): void {
    this.#block = null;
  }
}
