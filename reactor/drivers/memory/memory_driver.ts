/**
 * A stream connection without a network: a pipe in memory, with a driver at each end.
 *
 * It behaves as sockets do. A write takes the bytes that fit, and may be partial. Bytes are in
 * flight before they are read. A read that is pending when reading stops still delivers. A write to
 * a closed end fails. The caller decides when the steps run, so a test can run them at once, later,
 * or in random order.
 *
 * @module
 */

import { IPv4Address } from "../../addresses.ts";
import type { ConnectionLost } from "../../errors.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { connectionLost, errorWithCode } from "../../stream/system_error.ts";

/** Runs one step of a connection or port in memory, now or later. */
export type Schedule = (step: () => void) => void;

/** Options of a pipe in memory. */
export interface MemoryPipeOptions {
  /**
   * Runs one step of the pipe, or of its first and its second end. To run it at once makes each
   * write complete before `write` returns.
   *
   * @default {queueMicrotask}
   */
  schedule?: Schedule | readonly [Schedule, Schedule] | undefined;
  /**
   * The number of bytes that can be in flight in each direction. A write takes the bytes that fit,
   * and waits if there is no room.
   *
   * @default {65536}
   */
  capacity?: number | undefined;
  /**
   * The size of the largest chunk that a read delivers, in bytes; or a function that returns it for
   * each read.
   *
   * @default {65536}
   */
  chunkSize?: number | (() => number) | undefined;
  /**
   * Whether one read delivers the bytes of several writes, as a socket does.
   *
   * @default {false}
   */
  mergesWrites?: boolean | undefined;
  /** The addresses of the first and the second end. */
  addresses?: readonly [Address, Address] | undefined;
  /**
   * Whether the ends accept the options of TCP sockets, which have no effect in memory.
   *
   * @default {false}
   */
  isTCP?: boolean | undefined;
  /** Called when both ends have been released. */
  released?: (() => void) | undefined;
}

/** A pending operation of one end: its read, or its write or `closeWrite`. */
class Operation {
  readonly #schedule: Schedule;
  readonly #step: () => void;
  #scheduled = false;
  isPending = false;

  constructor(schedule: Schedule, step: () => void) {
    this.#schedule = schedule;
    this.#step = step;
  }

  start(): void {
    this.isPending = true;
    this.wake();
  }

  /**
   * Schedules the step. A step with nothing to do leaves the operation pending until the next
   * wake().
   */
  wake(): void {
    if (!this.isPending || this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      if (this.isPending) this.#step();
    });
  }
}

/** One direction of a memory pipe: the bytes in flight and the state of both ends. */
class Flow {
  readonly #chunks: Uint8Array[] = [];
  readonly #capacity: number;
  readonly #mergesWrites: boolean;
  #size = 0;
  /** Whether the writer has closed this direction. Bytes written before can still be read. */
  ended = false;
  /** Whether the reading end has closed. */
  readerClosed = false;
  /** Whether either end was aborted. */
  reset = false;
  reader: Operation | null = null;
  writer: Operation | null = null;

  constructor(capacity: number, mergesWrites: boolean) {
    this.#capacity = capacity;
    this.#mergesWrites = mergesWrites;
  }

  /** Whether bytes can still reach the reading end. */
  get isOpen(): boolean {
    return !this.reset && !this.readerClosed;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /**
   * Stores the bytes that fit.
   *
   * @returns The number of bytes stored.
   */
  put(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#capacity - this.#size);
    if (count > 0) this.#chunks.push(bytes.slice(0, count));
    this.#size += count;
    return count;
  }

  /** Removes up to `most` bytes. */
  take(most: number): Uint8Array {
    const available = this.#mergesWrites ? this.#size : this.#chunks[0]?.length ?? 0;
    const chunk = new Uint8Array(Math.min(most, available));
    for (let offset = 0; offset < chunk.length;) {
      const first = this.#chunks.shift() ?? new Uint8Array();
      const part = first.subarray(0, chunk.length - offset);
      chunk.set(part, offset);
      offset += part.length;
      if (part.length < first.length) this.#chunks.unshift(first.subarray(part.length));
    }
    this.#size -= chunk.length;
    return chunk;
  }

  /** Schedules a step of both ends, because the state has changed. */
  wake(): void {
    this.reader?.wake();
    this.writer?.wake();
  }

  /** Discards the bytes in flight. */
  break(): void {
    this.#chunks.length = this.#size = 0;
    this.reset = true;
  }
}

/** The parts of one end. */
interface MemoryEnd {
  readonly incoming: Flow;
  readonly outgoing: Flow;
  readonly host: Address;
  readonly peer: Address;
  readonly schedule: Schedule;
  readonly chunkSize: () => number;
  readonly released: () => void;
}

/** The driver of one end of a pipe in memory. */
export class MemoryDriver implements StreamDriver {
  readonly #in: Flow;
  readonly #out: Flow;
  readonly #host: Address;
  readonly #peer: Address;
  readonly #chunkSize: () => number;
  readonly #read: Operation;
  readonly #write: Operation;
  #sink: StreamDriverSink | null = null;
  #wanted = false;
  /** The bytes to write; null while the writing side is being closed. */
  #bytes: Uint8Array | null = null;
  #closed = false;
  #released = false;
  readonly #onReleased: () => void;

  /** Called by {@linkcode memoryPipe}. */
  constructor({ incoming, outgoing, host, peer, schedule, chunkSize, released }: MemoryEnd) {
    this.#in = incoming;
    this.#out = outgoing;
    this.#host = host;
    this.#peer = peer;
    this.#chunkSize = chunkSize;
    this.#onReleased = released;
    this.#read = incoming.reader = new Operation(schedule, () => this.#readStep());
    this.#write = outgoing.writer = new Operation(schedule, () => this.#writeStep());
  }

  /** Whether this end was closed or aborted. */
  get isClosed(): boolean {
    return this.#closed;
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  startReading(): void {
    this.#wanted = true;
    if (!this.#read.isPending) this.#read.start();
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
    // A system takes the bytes of a write at once, as far as they fit, and sends them although the
    // socket is closed meanwhile.
    const bytes = this.#write.isPending && this.#out.isOpen ? this.#bytes : null;
    const taken = bytes === null ? 0 : this.#out.put(bytes);
    this.#closed = this.#out.ended = this.#in.readerClosed = true;
    // Pending reads and writes are woken, so that they complete in a later step, as interrupted
    // system calls do.
    this.#in.wake();
    this.#out.wake();
    if (taken > 0) this.#sink?.wrote(taken);
    this.#releaseIfIdle();
  }

  /** Aborts the connection. Bytes in flight are lost, too. */
  abort(): void {
    if (this.#closed) return;
    this.#in.break();
    this.#out.break();
    this.close();
  }

  /** Does nothing: a connection in memory does not keep the process alive. */
  unref(): void {}

  getPeer(): Address {
    return this.#peer;
  }

  getHost(): Address {
    return this.#host;
  }

  #readStep(): void {
    if (this.#closed) {
      this.#read.isPending = false;
      this.#releaseIfIdle();
    } else if (this.#in.reset) {
      this.#read.isPending = false;
      this.#sink?.failed(this.#lost("read", "ECONNRESET"));
    } else if (!this.#in.isEmpty) {
      this.#read.isPending = false;
      // The data is delivered before the peer's writer is woken. With immediate steps, waking the
      // writer could close this end first.
      this.#sink?.received(this.#in.take(this.#chunkSize()));
      this.#in.writer?.wake();
      if (this.#wanted && !this.#closed && !this.#read.isPending) this.#read.start();
    } else if (this.#in.ended) {
      this.#read.isPending = this.#wanted = false;
      this.#sink?.readEnded();
    }
  }

  #writeStep(): void {
    if (this.#closed) {
      this.#write.isPending = false;
      this.#releaseIfIdle();
    } else if (this.#out.reset || this.#out.readerClosed) {
      this.#write.isPending = false;
      this.#sink?.failed(this.#lost("write", this.#out.reset ? "ECONNRESET" : "EPIPE"));
    } else if (this.#bytes === null) {
      this.#write.isPending = false;
      this.#out.ended = true;
      this.#sink?.writeClosed();
      this.#out.reader?.wake();
    } else {
      const count = this.#out.put(this.#bytes);
      // There is no room yet, so the write waits. A count of 0 also results from a buffer that was
      // transferred meanwhile; that write completes, so that the connection notices the problem.
      if (count === 0 && this.#bytes.length > 0) return;
      this.#write.isPending = false;
      this.#sink?.wrote(count);
      this.#out.reader?.wake();
    }
  }

  #releaseIfIdle(): void {
    if (this.#released || this.#read.isPending || this.#write.isPending) return;
    this.#released = true;
    this.#sink?.released();
    this.#onReleased();
  }

  #lost(syscall: string, code: keyof typeof REASONS): ConnectionLost {
    return connectionLost(syscall, this.#peer, errorWithCode(code, REASONS[code]));
  }
}

const REASONS = {
  ECONNRESET: "the peer has reset the connection (ECONNRESET)",
  EPIPE: "the peer has closed the connection (EPIPE)",
};

/**
 * The driver of one end of a TCP connection in memory. The options of its socket have no effect.
 */
class MemoryTCPDriver extends MemoryDriver {
  setNoDelay(): void {}

  setKeepAlive(): void {}

  setKeepAliveIdle(): void {}
}

/**
 * Creates a pipe in memory.
 *
 * @param options Scheduling, capacity and addresses.
 * @returns The drivers of the two ends.
 */
export function memoryPipe(options: MemoryPipeOptions = {}): [MemoryDriver, MemoryDriver] {
  const { schedule = queueMicrotask, capacity = 65536, chunkSize: size = 65536 } = options;
  const chunkSize = typeof size === "function" ? size : () => size;
  const [first, second] = options.addresses ??
    [new IPv4Address("TCP", "192.0.2.1", 1111), new IPv4Address("TCP", "192.0.2.2", 2222)];
  const [one, two] = typeof schedule === "function" ? [schedule, schedule] : schedule;
  const toSecond = new Flow(capacity, options.mergesWrites ?? false);
  const toFirst = new Flow(capacity, options.mergesWrites ?? false);
  let open = 2;
  const released = () => {
    if (--open === 0) options.released?.();
  };
  const shared = { chunkSize, released };
  const Driver = options.isTCP ? MemoryTCPDriver : MemoryDriver;
  return [
    new Driver({
      incoming: toFirst,
      outgoing: toSecond,
      host: first,
      peer: second,
      schedule: one,
      ...shared,
    }),
    new Driver({
      incoming: toSecond,
      outgoing: toFirst,
      host: second,
      peer: first,
      schedule: two,
      ...shared,
    }),
  ];
}
