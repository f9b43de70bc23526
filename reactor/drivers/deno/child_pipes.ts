/**
 * Drivers of the pipes to a child process.
 *
 * @module
 */

import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { connectionLost } from "../../stream/system_error.ts";

/** The capacity of a pipe on Linux, in bytes. */
const PIPE_SIZE = 65536;

/** The common part of the drivers of reading and writing ends. */
abstract class PipeDriver implements StreamDriver {
  readonly #child: Address;
  protected sink: StreamDriverSink | null = null;
  protected closed = false;

  /**
   * Creates the driver of a pipe.
   *
   * @param child The address of the child process.
   */
  constructor(child: Address) {
    this.#child = child;
  }

  attach(sink: StreamDriverSink): void {
    this.sink = sink;
  }

  getPeer(): Address {
    return this.#child;
  }

  getHost(): Address {
    return this.#child;
  }

  /** Does nothing: Deno releases the pipes together with the process. */
  unref(): void {}

  /** Closes as {@linkcode close} does, because a pipe cannot be reset. */
  abort(): void {
    this.close();
  }

  abstract startReading(): void;
  abstract stopReading(): void;
  abstract write(bytes: Uint8Array): void;
  abstract closeWrite(): void;
  abstract close(): void;

  protected failed(syscall: "read" | "write" | "shutdown", error: unknown): void {
    if (!this.closed) this.sink?.failed(connectionLost(syscall, this.#child, error));
  }
}

/** The reading end of a pipe: a child's standard output or error. */
export class PipeReader extends PipeDriver {
  readonly #reader: ReadableStreamBYOBReader;
  /**
   * The memory for reads. Each chunk is copied, so that the same memory is used again and stays in
   * the processor's cache.
   */
  #memory = new Uint8Array(PIPE_SIZE);
  #wanted = false;
  #reading = false;

  /**
   * Creates the driver of the reading end.
   *
   * @param child The address of the child process.
   * @param stream The pipe, which the driver closes.
   */
  constructor(child: Address, stream: ReadableStream<Uint8Array>) {
    super(child);
    this.#reader = stream.getReader({ mode: "byob" });
  }

  startReading(): void {
    this.#wanted = true;
    if (!this.#reading) this.#readNext();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  /** Throws: a reading end cannot be written to. The process transport never calls it. */
  write(): void {
    throw new Error(`Cannot write to a pipe of ${this.getPeer()}: it is the reading end`);
  }

  /** Reports the writing side as closed at once, because a reading end has none. */
  closeWrite(): void {
    this.sink?.writeClosed();
  }

  /** Closes the pipe. A pending read completes without data. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const released = (): void => this.sink?.released();
    // Errors of the pipe before close() were already reported, so an error of cancel() is ignored.
    this.#reader.cancel().then(released, released);
  }

  #readNext(): void {
    this.#reading = true;
    this.#reader.read(this.#memory).then(
      (result) => this.#onRead(result),
      (error: unknown) => this.failed("read", error),
    );
  }

  #onRead({ done, value }: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>): void {
    this.#reading = false;
    if (this.closed) return;
    if (done) return this.sink?.readEnded();
    // The read has detached the old buffer. `value` is a view of the same memory in a new buffer,
    // which the next read reuses.
    this.#memory = new Uint8Array(value.buffer);
    this.sink?.received(value.slice());
    if (this.#wanted && !this.#reading) this.#readNext();
  }
}

/** The writing end of a pipe: a child's standard input. */
export class PipeWriter extends PipeDriver {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #writing = false;
  #released = false;

  /**
   * Creates the driver of the writing end.
   *
   * @param child The address of the child process.
   * @param stream The pipe, which the driver closes.
   */
  constructor(child: Address, stream: WritableStream<Uint8Array>) {
    super(child);
    this.#writer = stream.getWriter();
  }

  /**
   * Does nothing: a writing end has no data. The next write notices that the child closed its end.
   */
  startReading(): void {}

  /** Does nothing: a writing end has no data. */
  stopReading(): void {}

  write(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#writing = true;
    this.#writer.write(bytes).then(() => {
      this.#writing = false;
      if (!this.#released) this.sink?.wrote(length);
    }, (error: unknown) => {
      this.#writing = false;
      this.failed("write", error);
    });
  }

  closeWrite(): void {
    this.#writer.close().then(
      () => this.sink?.writeClosed(),
      (error: unknown) => this.failed("shutdown", error),
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const released = (): void => {
      this.#released = true;
      this.sink?.released();
    };
    // The pipe is closed, so an error of abort() is ignored.
    const aborted = this.#writer.abort().catch(() => {});
    // Deno cannot abort a pending write, which may wait until the child reads. The driver therefore
    // reports its release without waiting for that write.
    if (this.#writing) queueMicrotask(released);
    else aborted.then(released);
  }
}
