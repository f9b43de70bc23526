import { isInstance } from "../log/foreign.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { ITransport } from "../reactor/interfaces.ts";

/**
 * What a connection receives, as a stream. The stream's demand is the transport's: with its queue full the transport is paused, and with
 * it the peer.
 */
export class ReadableSide implements UnderlyingDefaultSource<Uint8Array> {
  /** The stream. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #transport: ITransport;
  readonly #abort: (reason: unknown) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /**
   * @param transport What is received from.
   * @param highWaterMark Bytes that the stream holds before it pauses the transport.
   * @param abort Aborts the connection: nobody reads any more.
   */
  constructor(transport: ITransport, highWaterMark: number, abort: (reason: unknown) => void) {
    this.#transport = transport;
    this.#abort = abort;
    // Not a stream of type "bytes": that would detach the memory of its chunks, which those of other connections share.
    this.stream = new ReadableStream(this, new ByteLengthQueuingStrategy({ highWaterMark }));
  }

  /** Called by the stream. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Called by the stream, when it wants more. */
  pull(): void {
    this.#transport.resumeProducing();
  }

  /** Called by the stream, when nobody reads it any more. */
  cancel(reason: unknown): void {
    this.#controller = null;
    this.#abort(reason);
  }

  /** Bytes came. */
  received(data: Uint8Array): void {
    const controller = this.#controller;
    if (controller === null) return;
    controller.enqueue(data);
    if ((controller.desiredSize ?? 0) <= 0) this.#transport.pauseProducing();
  }

  /** The peer sends no more. */
  end(): void {
    this.#controller?.close();
    this.#controller = null;
  }

  /** The connection is gone. */
  lost(reason: Error): void {
    if (isInstance(reason, ConnectionDone)) this.end();
    this.#controller?.error(reason);
    this.#controller = null;
  }
}
