import { PieceQueue } from "./piece_queue.ts";

/** The connection of a request, as its body uses it. */
export interface BodySource {
  /** Called when the body has room again, or is wanted for the first time. */
  bodyWanted(): void;
  /** Called when the handler has cancelled the stream. The rest of the body is dropped. */
  bodyCancelled(): void;
}

/**
 * The body of a request, as it arrives. It is a stream only if the handler asks for one: to collect
 * the bytes of a small body takes much less time.
 */
export class RequestBody implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #source: BodySource;
  readonly #highWater: number;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #collecting: PromiseWithResolvers<Uint8Array<ArrayBuffer>> | null = null;
  #queue = new PieceQueue();
  #wanted = false;
  #isDropped = false;
  #isComplete = false;
  #error: Error | null = null;

  /**
   * @param source The connection.
   * @param highWater Bytes in the queue at which the connection is not read.
   */
  constructor(source: BodySource, highWater: number) {
    this.#source = source;
    this.#highWater = highWater;
  }

  /** Whether all bytes have arrived. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether no more bytes are accepted until the handler reads. */
  get isFull(): boolean {
    return !this.#isDropped && this.#collecting === null && !this.#wanted &&
      this.#queue.size >= this.#highWater;
  }

  /** Whether the handler waits for bytes. */
  get isAwaited(): boolean {
    return this.#wanted || this.#collecting !== null;
  }

  /** The stream of the bytes. */
  get stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream ??= withQuietCancel(new ReadableStream(this, { highWaterMark: 0 }));
  }

  /** Whether the stream was asked for. */
  get hasStream(): boolean {
    return this.#stream !== null;
  }

  /**
   * Reads the whole body.
   *
   * @returns The bytes.
   */
  collect(): Promise<Uint8Array<ArrayBuffer>> {
    const collecting = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#collecting = collecting;
    if (this.#error !== null) collecting.reject(this.#error);
    else if (this.#isComplete) collecting.resolve(this.#queue.takeAll());
    else this.#source.bodyWanted();
    return collecting.promise;
  }

  /** Adds bytes that have arrived. */
  push(chunk: Uint8Array): void {
    if (this.#isDropped) return;
    this.#queue.push(chunk);
    this.#deliver();
  }

  /** Records that all bytes have arrived. */
  end(): void {
    this.#isComplete = true;
    this.#collecting?.resolve(this.#queue.takeAll());
    this.#closeIfRead();
  }

  /** Fails the body: no more bytes will arrive. */
  fail(error: Error): void {
    if (this.#isComplete || this.#error !== null) return;
    this.#error = error;
    this.#collecting?.reject(error);
    this.#controller?.error(error);
    this.drop();
  }

  /** Drops the bytes that have arrived, and those that will arrive. */
  drop(): void {
    this.#isDropped = true;
    this.#wanted = false;
    this.#queue = new PieceQueue();
    this.#controller = null;
  }

  /** Called by the stream when it is created. */
  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller;
    if (this.#error !== null) controller.error(this.#error);
    else this.#closeIfRead();
  }

  /** Called by the stream when a reader waits for bytes. */
  pull(): void {
    this.#wanted = true;
    this.#deliver();
    if (!this.#isComplete) this.#source.bodyWanted();
  }

  /** Called by the stream when its reader has cancelled it. */
  cancel(): void {
    this.drop();
    this.#source.bodyCancelled();
  }

  #deliver(): void {
    const controller = this.#controller;
    if (controller === null || !this.#wanted || this.#queue.size === 0) return;
    this.#wanted = false;
    controller.enqueue(this.#queue.take());
    this.#closeIfRead();
  }

  #closeIfRead(): void {
    if (!this.#isComplete || this.#queue.size > 0) return;
    this.#controller?.close();
    this.#controller = null;
  }
}

/**
 * Marks the promise of `cancel()` as handled. A handler may ignore it, and its rejection, when the
 * client's bytes are malformed, would end the process.
 */
function withQuietCancel<T>(stream: ReadableStream<T>): ReadableStream<T> {
  const cancel = (reason?: unknown): Promise<void> => {
    const cancelled = ReadableStream.prototype.cancel.call(stream, reason);
    cancelled.catch(() => {});
    return cancelled;
  };
  Object.defineProperty(stream, "cancel", { value: cancel, configurable: true, writable: true });
  return stream;
}
