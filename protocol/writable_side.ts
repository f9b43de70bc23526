import { isInstance } from "../internal/foreign_value.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { IPushProducer, ITransport, WriteOptions } from "../reactor/interfaces/mod.ts";
import { COPY_BELOW } from "../reactor/stream/write_buffer.ts";

const GIVEN: WriteOptions = { transfer: true };

/**
 * What a connection sends, as a stream. A write that fills the transport's buffer is done when the buffer is empty again: so `write()`
 * and `ready` wait for a slow peer.
 */
export class WritableSide implements UnderlyingSink<Uint8Array | string>, IPushProducer {
  /** The stream. */
  readonly stream: WritableStream<Uint8Array | string>;
  readonly #transport: ITransport;
  readonly #abort: (reason: unknown) => void;
  #controller: WritableStreamDefaultController | null = null;
  /** What the stream waits for: the buffer to be empty, or the writing side to be closed. */
  #waiting: PromiseWithResolvers<void> | null = null;
  #isClosing = false;

  /**
   * @param transport What is written to.
   * @param abort Aborts the connection: what was written is not all there is.
   */
  constructor(transport: ITransport, abort: (reason: unknown) => void) {
    this.#transport = transport;
    this.#abort = abort;
    this.stream = new WritableStream(this);
  }

  /** Called by the stream. */
  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller;
    // Not by a method abort(): the stream would not call it before a write that waits for the peer is done.
    controller.signal.addEventListener("abort", () => this.#abort(controller.signal.reason));
  }

  /** Called by the stream, for one chunk after the other. */
  write(chunk: Uint8Array | string): Promise<void> | undefined {
    try {
      // Registered for this write only: a producer holds `loseConnection` back.
      this.#transport.registerProducer(this, true);
      try {
        this.#send(chunk);
      } finally {
        if (this.#waiting === null) this.#transport.unregisterProducer();
      }
      return this.#waiting?.promise;
    } catch (error) {
      // The stream fails with this, and can neither be written nor closed any more.
      this.#abort(error);
      throw error;
    }
  }

  /** Called by the stream, when all has been written. Resolves when all has gone out. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#waiting = Promise.withResolvers();
    this.#transport.loseWriteConnection();
    return this.#waiting.promise;
  }

  /** Called by the transport: its buffer is full. */
  pauseProducing(): void {
    this.#waiting ??= Promise.withResolvers();
  }

  /** Called by the transport: its buffer is empty. */
  resumeProducing(): void {
    this.#transport.unregisterProducer();
    this.#done();
  }

  /** Called by the transport: the connection is gone. {@linkcode lost} says why. */
  stopProducing(): void {}

  /** The writing side has been closed. */
  closed(): void {
    this.#controller = null;
    this.#done();
  }

  /** The connection is gone. */
  lost(reason: Error): void {
    // Closed as a whole before its writing side was: all has gone out, too.
    if (this.#isClosing && isInstance(reason, ConnectionDone)) this.#done();
    this.#controller?.error(reason);
    this.#controller = null;
    this.#waiting?.reject(reason);
    this.#waiting = null;
  }

  /** A large chunk is copied: the writer may use it again when the write is done, before the transport has sent it. */
  #send(chunk: Uint8Array | string): void {
    const isLarge = chunk instanceof Uint8Array && chunk.length >= COPY_BELOW;
    if (isLarge) this.#transport.write(chunk.slice(), GIVEN);
    else this.#transport.write(chunk);
  }

  #done(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }
}
