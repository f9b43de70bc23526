import { Fifo } from "../defer/fifo.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { ITransport } from "../reactor/interfaces/mod.ts";
import { TLSBoundary } from "./tls_boundary.ts";

/**
 * The readable stream of a connection. When the queue is full, the transport is paused, and with it
 * the peer.
 *
 * The queue is kept here and not in the stream, so that chunks that arrived before TLS and have not
 * been read can be discarded.
 */
export class ReadableSide implements UnderlyingDefaultSource<Uint8Array> {
  /** The stream of the bytes from the peer. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #transport: ITransport;
  readonly #highWaterMark: number;
  readonly #abort: (reason: unknown) => void;
  readonly #boundary = new TLSBoundary();
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #queue = new Fifo<Uint8Array>();
  /** The number of bytes in the queue. */
  #size = 0;
  /** Whether a reader waits for a chunk. */
  #wanted = false;
  #ended = false;

  /**
   * @param transport The connection.
   * @param highWaterMark Bytes in the queue at which the transport is paused.
   * @param abort Aborts the connection, because the reader has cancelled the stream.
   */
  constructor(transport: ITransport, highWaterMark: number, abort: (reason: unknown) => void) {
    this.#transport = transport;
    this.#highWaterMark = highWaterMark;
    this.#abort = abort;
    // The stream does not have the type "bytes", because such a stream would detach the memory of
    // its chunks. That memory may be shared with chunks of other connections. It would also take
    // three times as long for a small chunk.
    this.stream = new ReadableStream(this, { highWaterMark: 0 });
  }

  /** Called by the stream when it is created. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Called by the stream when a reader waits for a chunk. */
  pull(): void {
    this.#wanted = true;
    this.#deliver();
    if (this.#wanted || this.#size < this.#highWaterMark) this.#transport.resumeProducing();
  }

  /** Called by the stream when its reader has cancelled it. */
  cancel(reason: unknown): void {
    this.#forget();
    this.#abort(reason);
  }

  /** Adds bytes from the peer. */
  received(data: Uint8Array): void {
    if (this.#controller === null) return;
    if (!this.#boundary.arriving(this.#transport, this.#size)) return;
    this.#queue.push(data);
    this.#size += data.length;
    this.#deliver();
    if (!this.#wanted && this.#size >= this.#highWaterMark) this.#transport.pauseProducing();
  }

  /**
   * Records that the peer has closed its writing side: the stream closes once the queue is empty.
   */
  end(): void {
    this.#ended = true;
    this.#closeIfRead();
  }

  /**
   * Closes the stream if the connection was closed cleanly, and fails it if the connection broke.
   */
  lost(reason: Error): void {
    if (reason instanceof ConnectionDone) return this.end();
    // If the peer closed its writing side before the connection was lost, the queue contains all
    // its data. The reader can still read it.
    if (this.#ended) return;
    this.#controller?.error(reason);
    this.#forget();
  }

  #deliver(): void {
    const controller = this.#controller;
    if (controller === null || !this.#wanted) return;
    if (!this.#boundary.allows(this.#transport, this.#size)) return;
    if (this.#queue.length === 0) return;
    const chunk = this.#queue.shift();
    this.#size -= chunk.length;
    this.#wanted = false;
    // If another reader waits, enqueue() calls pull() again.
    controller.enqueue(chunk);
    this.#closeIfRead();
  }

  #closeIfRead(): void {
    if (!this.#ended || this.#queue.length > 0) return;
    this.#controller?.close();
    this.#forget();
  }

  #forget(): void {
    this.#controller = null;
    this.#queue = new Fifo();
    this.#size = 0;
  }
}
