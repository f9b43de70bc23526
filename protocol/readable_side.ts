import { ConnectionDone } from "../reactor/errors.ts";
import type { ITransport } from "../reactor/interfaces/mod.ts";
import { TLSBoundary } from "./tls_boundary.ts";

/**
 * What a connection receives, as a stream. The stream's demand is the transport's: with the queue full the transport is paused, and with
 * it the peer.
 *
 * The queue is here and not in the stream: chunks that came before TLS and have not been read could not be taken back from there.
 */
export class ReadableSide implements UnderlyingDefaultSource<Uint8Array> {
  /** The stream. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #transport: ITransport;
  readonly #highWaterMark: number;
  readonly #abort: (reason: unknown) => void;
  readonly #boundary = new TLSBoundary();
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #queue: Uint8Array[] = [];
  /** The bytes in the queue. */
  #size = 0;
  /** Whether a reader waits for a chunk. */
  #wanted = false;
  #ended = false;

  /**
   * @param transport What is received from.
   * @param highWaterMark Bytes that are held before the transport is paused.
   * @param abort Aborts the connection: nobody reads any more.
   */
  constructor(transport: ITransport, highWaterMark: number, abort: (reason: unknown) => void) {
    this.#transport = transport;
    this.#highWaterMark = highWaterMark;
    this.#abort = abort;
    // Not a stream of type "bytes": that would detach the memory of its chunks, which those of other connections share.
    this.stream = new ReadableStream(this, { highWaterMark: 0 });
  }

  /** Called by the stream. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Called by the stream, when a reader waits. */
  pull(): void {
    this.#wanted = true;
    this.#deliver();
    if (this.#wanted || this.#size < this.#highWaterMark) this.#transport.resumeProducing();
  }

  /** Called by the stream, when nobody reads it any more. */
  cancel(reason: unknown): void {
    this.#forget();
    this.#abort(reason);
  }

  /** Bytes came. */
  received(data: Uint8Array): void {
    if (this.#controller === null) return;
    if (!this.#boundary.arriving(this.#transport, this.#size)) return;
    this.#queue.push(data);
    this.#size += data.length;
    this.#deliver();
    if (!this.#wanted && this.#size >= this.#highWaterMark) this.#transport.pauseProducing();
  }

  /** The peer sends no more. */
  end(): void {
    this.#ended = true;
    this.#closeIfRead();
  }

  /** The connection is gone. */
  lost(reason: Error): void {
    if (reason instanceof ConnectionDone) return this.end();
    // What ended in order before is still to be read.
    if (this.#ended) return;
    this.#controller?.error(reason);
    this.#forget();
  }

  #deliver(): void {
    const controller = this.#controller;
    if (controller === null || !this.#wanted) return;
    if (!this.#boundary.allows(this.#transport, this.#size)) return;
    const chunk = this.#queue.shift();
    if (chunk === undefined) return;
    this.#size -= chunk.length;
    this.#wanted = false;
    // Calls pull() again when another reader waits.
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
    this.#queue = [];
    this.#size = 0;
  }
}
