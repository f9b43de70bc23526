import { isInstance } from "../internal/foreign_value.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { IPushProducer, ITransport } from "../reactor/interfaces/mod.ts";

/** The calls that a {@linkcode WritableSide} makes. */
export interface WritableEvents<Chunk> {
  /** Writes a chunk to the transport. */
  send(chunk: Chunk): void;
  /** Closes the writing side, because the writer has closed the stream. */
  close(): void;
  /** Aborts the connection, because the writer has aborted the stream. */
  abort(reason: unknown): void;
}

/**
 * The writable stream of a connection. A write that fills the transport's buffer resolves when the
 * buffer is empty again, so `write()` and `ready` wait for a slow peer.
 */
export class WritableSide<Chunk> implements UnderlyingSink<Chunk>, IPushProducer {
  /** The stream of the data to send. */
  readonly stream: WritableStream<Chunk>;
  readonly #transport: ITransport;
  readonly #events: WritableEvents<Chunk>;
  #controller: WritableStreamDefaultController | null = null;
  /** Resolves when the transport's buffer is empty, or when the writing side is closed. */
  #waiting: PromiseWithResolvers<void> | null = null;
  #isClosing = false;

  /**
   * @param transport The connection.
   * @param events The calls to make.
   */
  constructor(transport: ITransport, events: WritableEvents<Chunk>) {
    this.#transport = transport;
    this.#events = events;
    this.stream = new WritableStream(this);
  }

  /** Called by the stream when it is created. */
  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller;
    // The signal reports an abort at once. The stream would call an abort() method only after a
    // pending write, which may wait for the peer.
    controller.signal.addEventListener(
      "abort",
      () => this.#events.abort(controller.signal.reason),
    );
  }

  /** Called by the stream with each chunk, after the write of the one before it has resolved. */
  write(chunk: Chunk): Promise<void> | undefined {
    try {
      // The producer is registered only during this write, because loseConnection() waits until no
      // producer is registered.
      this.#transport.registerProducer(this, true);
      try {
        this.#events.send(chunk);
      } finally {
        if (this.#waiting === null) this.#transport.unregisterProducer();
      }
      return this.#waiting?.promise;
    } catch (error) {
      // The error fails the stream, which then accepts no write() or close() that could end the
      // connection. So the connection is aborted here.
      this.#events.abort(error);
      throw error;
    }
  }

  /** Called by the stream when its writer has closed it. Resolves when all data has been sent. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#waiting = Promise.withResolvers();
    this.#events.close();
    return this.#waiting.promise;
  }

  /** Called by the transport when its buffer is full. */
  pauseProducing(): void {
    this.#waiting ??= Promise.withResolvers();
  }

  /** Called by the transport when its buffer is empty. */
  resumeProducing(): void {
    this.#transport.unregisterProducer();
    this.#done();
  }

  /** Called by the transport when the connection is lost. {@linkcode lost} receives the reason. */
  stopProducing(): void {}

  /** Records that the writing side has been closed. */
  closed(): void {
    this.#controller = null;
    this.#done();
  }

  /** Completes or fails the pending operations, because the connection is lost. */
  lost(reason: Error): void {
    // A clean end of the connection means that all data was sent, so a pending close() succeeds.
    if (this.#isClosing && isInstance(reason, ConnectionDone)) this.#done();
    this.#controller?.error(reason);
    this.#controller = null;
    this.#waiting?.reject(reason);
    this.#waiting = null;
  }

  #done(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }
}
