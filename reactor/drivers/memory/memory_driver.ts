/**
 * A stream connection without a network: two ends of a pipe in memory, each a driver.
 *
 * It behaves as sockets do. A write takes what fits and may be partial; bytes are on their way
 * before they are read; a read under way when reading is stopped still delivers; a write to an end
 * that has closed breaks. Who runs its steps is for the caller to say, so a test may have them run
 * at once, later, or in an order that it draws by lot.
 *
 * @module
 */

import { IPv4Address } from "../../addresses.ts";
import { ConnectionLost } from "../../errors.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";

/** How a pipe behaves. */
export interface MemoryPipeOptions {
  /**
   * Runs one step of the pipe: at once for a pipe whose writes are done when `write` returns.
   *
   * @default {queueMicrotask}
   */
  schedule?: ((step: () => void) => void) | undefined;
  /**
   * Bytes that can be on their way in each direction. A write takes what fits, and one that finds
   * no room waits.
   *
   * @default {65536}
   */
  capacity?: number | undefined;
  /**
   * The largest chunk that is delivered, in bytes.
   *
   * @default {65536}
   */
  chunkSize?: number | undefined;
  /** The addresses of the first and the second end. */
  addresses?: readonly [Address, Address] | undefined;
}

/** What is at work at one end: at most one read, and at most one write or `closeWrite`. */
class Operation {
  readonly #schedule: (step: () => void) => void;
  readonly #step: () => void;
  #scheduled = false;
  underWay = false;

  constructor(schedule: (step: () => void) => void, step: () => void) {
    this.#schedule = schedule;
    this.#step = step;
  }

  start(): void {
    this.underWay = true;
    this.wake();
  }

  /**
   * Has the step taken. One that finds nothing to do leaves the operation under way, to be woken
   * again.
   */
  wake(): void {
    if (!this.underWay || this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      if (this.underWay) this.#step();
    });
  }
}

/** One direction of a pipe. */
class Flow {
  readonly #chunks: Uint8Array[] = [];
  readonly #capacity: number;
  #size = 0;
  /** Whether the writer has ended it. What was taken before is still there. */
  ended = false;
  /** Whether nobody reads it any more. */
  unread = false;
  /** Whether an end has been aborted. */
  reset = false;
  reader: Operation | null = null;
  writer: Operation | null = null;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Takes what fits. @returns how many bytes that was. */
  put(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#capacity - this.#size);
    if (count > 0) this.#chunks.push(bytes.slice(0, count));
    this.#size += count;
    return count;
  }

  take(most: number): Uint8Array {
    const first = this.#chunks.shift() ?? new Uint8Array();
    const chunk = first.slice(0, most);
    if (first.length > most) this.#chunks.unshift(first.subarray(most));
    this.#size -= chunk.length;
    return chunk;
  }

  /** Something has changed: both ends look again. */
  wake(): void {
    this.reader?.wake();
    this.writer?.wake();
  }

  /** Loses what is on its way. */
  break(): void {
    this.#chunks.length = this.#size = 0;
    this.reset = true;
  }
}

/** One end of a pipe in memory. */
export class MemoryDriver implements StreamDriver {
  readonly #in: Flow;
  readonly #out: Flow;
  readonly #host: Address;
  readonly #peer: Address;
  readonly #chunkSize: number;
  readonly #read: Operation;
  readonly #write: Operation;
  #sink: StreamDriverSink | null = null;
  #wanted = false;
  /** What is being written; null while the writing side is being closed. */
  #bytes: Uint8Array | null = null;
  #closed = false;
  #released = false;

  /** Made by {@linkcode memoryPipe}. */
  constructor(
    { incoming, outgoing, host, peer, schedule, chunkSize }: {
      incoming: Flow;
      outgoing: Flow;
      host: Address;
      peer: Address;
      schedule: (step: () => void) => void;
      chunkSize: number;
    },
  ) {
    this.#in = incoming;
    this.#out = outgoing;
    this.#host = host;
    this.#peer = peer;
    this.#chunkSize = chunkSize;
    this.#read = incoming.reader = new Operation(schedule, () => this.#readStep());
    this.#write = outgoing.writer = new Operation(schedule, () => this.#writeStep());
  }

  /** Whether this end has been closed or aborted. */
  get isClosed(): boolean {
    return this.#closed;
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  startReading(): void {
    this.#wanted = true;
    if (!this.#read.underWay) this.#read.start();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  write(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#write.start();
  }

  closeWrite(): void {
    this.#bytes = null;
    this.#write.start();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = this.#out.ended = this.#in.unread = true;
    // What is under way here ends in a step of its own, as an interrupted system call does.
    this.#in.wake();
    this.#out.wake();
    this.#releaseIfIdle();
  }

  /** See {@linkcode StreamDriver.abort}. What is on its way is lost too. */
  abort(): void {
    if (this.#closed) return;
    this.#in.break();
    this.#out.break();
    this.close();
  }

  /** Does nothing: memory holds no process. */
  unref(): void {}

  getPeer(): Address {
    return this.#peer;
  }

  getHost(): Address {
    return this.#host;
  }

  #readStep(): void {
    if (this.#closed) {
      this.#read.underWay = false;
      this.#releaseIfIdle();
    } else if (this.#in.reset) {
      this.#read.underWay = false;
      this.#sink?.failed(this.#lost("read", "ECONNRESET"));
    } else if (!this.#in.isEmpty) {
      this.#read.underWay = false;
      // This end is told first: where steps are taken at once, waking the other one may close this
      // one.
      this.#sink?.received(this.#in.take(this.#chunkSize));
      this.#in.writer?.wake();
      if (this.#wanted && !this.#closed && !this.#read.underWay) this.#read.start();
    } else if (this.#in.ended) {
      this.#read.underWay = this.#wanted = false;
      this.#sink?.readEnded();
    }
  }

  #writeStep(): void {
    if (this.#closed) {
      this.#write.underWay = false;
      this.#releaseIfIdle();
    } else if (this.#out.reset || this.#out.unread) {
      this.#write.underWay = false;
      this.#sink?.failed(this.#lost("write", this.#out.reset ? "ECONNRESET" : "EPIPE"));
    } else if (this.#bytes === null) {
      this.#write.underWay = false;
      this.#out.ended = true;
      this.#sink?.writeClosed();
      this.#out.reader?.wake();
    } else {
      const count = this.#out.put(this.#bytes);
      // No room yet. Bytes whose memory is gone take none: the connection finds that when they come
      // back to it.
      if (count === 0 && this.#bytes.length > 0) return;
      this.#write.underWay = false;
      this.#sink?.wrote(count);
      this.#out.reader?.wake();
    }
  }

  #releaseIfIdle(): void {
    if (this.#released || this.#read.underWay || this.#write.underWay) return;
    this.#released = true;
    this.#sink?.released();
  }

  #lost(syscall: string, code: string): ConnectionLost {
    const address = String(this.#peer);
    const message = `Connection to ${address} was lost: ${code}`;
    return new ConnectionLost(message, { code, syscall, address });
  }
}

/**
 * A pipe in memory.
 *
 * @returns Its two ends.
 */
export function memoryPipe(options: MemoryPipeOptions = {}): [MemoryDriver, MemoryDriver] {
  const { schedule = queueMicrotask, capacity = 65536, chunkSize = 65536 } = options;
  const [here, there] = options.addresses ??
    [new IPv4Address("TCP", "192.0.2.1", 1111), new IPv4Address("TCP", "192.0.2.2", 2222)];
  const forth = new Flow(capacity);
  const back = new Flow(capacity);
  const shared = { schedule, chunkSize };
  return [
    new MemoryDriver({ incoming: back, outgoing: forth, host: here, peer: there, ...shared }),
    new MemoryDriver({ incoming: forth, outgoing: back, host: there, peer: here, ...shared }),
  ];
}
