/**
 * Moves the bytes of the pipes to a child process that Deno started.
 *
 * @module
 */

import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { connectionLost } from "./system_error.ts";

/** What a pipe on Linux holds. */
const PIPE_SIZE = 65536;

/** What both directions have in common. */
abstract class PipeDriver implements StreamDriver {
  readonly #child: Address;
  protected sink: StreamDriverSink | null = null;
  protected closed = false;

  /** @param child The process at the other end. */
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

  /** Does nothing: Deno lets go of the pipes with the process. */
  unref(): void {}

  /** Closes as {@linkcode close} does: a pipe cannot be reset. */
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
   * What reads go into. Each is copied out of it, and it is used again: it is in the processor's
   * cache.
   */
  #memory = new Uint8Array(PIPE_SIZE);
  #wanted = false;
  #reading = false;

  /**
   * @param child The process at the other end.
   * @param stream The pipe. It belongs to the driver now.
   */
  constructor(child: Address, stream: ReadableStream<Uint8Array>) {
    super(child);
    this.#reader = stream.getReader({ mode: "byob" });
  }

  startReading(): void {
    this.#wanted = true;
    if (!this.#reading) this.#readOn();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  /** Never asked for: nothing is written to what is read. */
  write(): void {
    throw new Error(`Cannot write to a pipe that ${this.getPeer()} writes to`);
  }

  /** There is nothing to close. */
  closeWrite(): void {
    this.sink?.writeClosed();
  }

  /** See {@linkcode StreamDriver.close}. A read under way ends with this. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const released = (): void => this.sink?.released();
    // What went wrong with a pipe before it was closed has been told.
    this.#reader.cancel().then(released, released);
  }

  #readOn(): void {
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
    // The stream takes the memory, and gives it back with what was read.
    this.#memory = new Uint8Array(value.buffer);
    this.sink?.received(value.slice());
    if (this.#wanted && !this.#reading) this.#readOn();
  }
}

/** The writing end of a pipe: a child's standard input. */
export class PipeWriter extends PipeDriver {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #writing = false;

  /**
   * @param child The process at the other end.
   * @param stream The pipe. It belongs to the driver now.
   */
  constructor(child: Address, stream: WritableStream<Uint8Array>) {
    super(child);
    this.#writer = stream.getWriter();
  }

  /**
   * Does nothing: there is nothing to read. That the child has closed its end is seen by the next
   * write.
   */
  startReading(): void {}

  /** Does nothing. */
  stopReading(): void {}

  write(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#writing = true;
    this.#writer.write(bytes).then(() => {
      this.#writing = false;
      if (!this.closed) this.sink?.wrote(length);
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
    const released = (): void => this.sink?.released();
    // What goes wrong with a pipe that is given up is nobody's concern.
    const aborted = this.#writer.abort().catch(() => {});
    // Deno cannot break off a write that is under way, and a child may never read it: nobody here
    // waits for that.
    if (this.#writing) queueMicrotask(released);
    else aborted.then(released);
  }
}
