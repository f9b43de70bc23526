import { isInstance } from "../../internal/foreign_value.ts";
import type { IProtocolFactory, IPushProducer } from "../../reactor/interfaces/mod.ts";
import { AsyncResults } from "../async_results.ts";
import { Protocol } from "../protocol.ts";
import { TLSBoundary } from "../tls_boundary.ts";
import type { FrameDecoder } from "./frame_decoder.ts";
import { FramingError } from "./framing_error.ts";

/**
 * The base class of protocols that receive frames: it passes the bytes that arrive to a
 * {@linkcode FrameDecoder}, and each frame to {@linkcode frameReceived}.
 *
 * Frames are passed on until the connection is closing or the receiver is paused, even if more of
 * them have arrived. It is also a producer: {@linkcode pauseProducing} pauses the transport, and
 * holds back the frames that have arrived.
 *
 * Bytes that arrived before `transport.startTLS` are never decoded after it: that would abort the
 * connection. Pass them to the handshake with `startTLS({ …, received: this.takeRest() })`.
 *
 * @typeParam Frame The type of a frame.
 * @typeParam F The factory that builds it.
 *
 * @example A protocol for a format of its own
 * ```ts
 * import { FrameReceiver, NetstringDecoder } from "@torsion/reactor/protocol";
 *
 * class Documents extends FrameReceiver<Uint8Array> {
 *   protected override readonly decoder = new NetstringDecoder({ maxLength: 1_000_000 });
 *
 *   override frameReceived(frame: Uint8Array) {
 *     console.log(JSON.parse(new TextDecoder().decode(frame)));
 *   }
 * }
 * ```
 */
export abstract class FrameReceiver<Frame, F extends IProtocolFactory = IProtocolFactory>
  extends Protocol<F>
  implements IPushProducer {
  /** Whether {@linkcode pauseProducing} has paused it. */
  paused = false;
  /** The decoder of this connection's frames. */
  protected abstract readonly decoder: FrameDecoder<Frame>;

  readonly #boundary = new TLSBoundary();
  #isDelivering = false;
  /** The last error of the decoder. */
  #failure: FramingError | null = null;

  /**
   * Called with each frame. It may be `async`; the next frame does not wait for it.
   *
   * @param frame The frame.
   */
  abstract frameReceived(frame: Frame): void;

  /**
   * Called when the received bytes violate the format. By default it closes the connection.
   *
   * An override may send an answer and close the connection. To continue, it must remove the bytes
   * with {@linkcode takeRest}: otherwise the connection is aborted with the error as the cause.
   *
   * @param _error The violation.
   */
  decodingFailed(_error: FramingError): void {
    this.transport.loseConnection();
  }

  /**
   * Removes the bytes that have arrived and have not been passed on as frames.
   *
   * @returns The removed bytes, with the beginning of a frame that is incomplete.
   */
  takeRest(): Uint8Array {
    return this.decoder.takeRest();
  }

  /** Passes the complete frames to {@linkcode frameReceived}, and buffers the rest. */
  override dataReceived(data: Uint8Array): void {
    const { decoder } = this;
    if (!this.#boundary.arriving(this.transport, decoder.buffered)) return;
    decoder.push(data);
    return this.deliverBuffered();
  }

  /** Pauses the transport, and holds back the frames that have arrived. */
  pauseProducing(): void {
    this.paused = true;
    this.transport.pauseProducing();
  }

  /** Passes on the frames that were held back, and resumes the transport. */
  resumeProducing(): void {
    this.paused = false;
    this.transport.resumeProducing();
    return this.deliverBuffered();
  }

  /** Passes on no more frames, and closes the connection. */
  stopProducing(): void {
    this.paused = true;
    this.transport.stopProducing();
  }

  /** Whether frames may be passed on: not while paused, nor once the connection is closing. */
  protected get isReceptive(): boolean {
    return !this.paused && this.transport.connected && !this.transport.disconnecting;
  }

  /** Returns the next frame; `null` if more bytes are needed. */
  protected nextFrame(): Frame | null {
    return this.decoder.next();
  }

  /** Passes on the frames that are complete. */
  protected deliverBuffered(): void {
    // A method that the loop below calls may call this method again. The inner call returns, and
    // the loop continues with the new bytes.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    const results = new AsyncResults("Error while receiving frames");
    try {
      while (
        this.isReceptive && this.#boundary.allows(this.transport, this.decoder.buffered) &&
        this.#deliverNext(results)
      );
    } finally {
      this.#isDelivering = false;
    }
    // If a method of the protocol is async, the result is a promise, although the interface
    // declares void. The connection watches this promise for its rejection.
    return results.combined() as void;
  }

  /** Passes on the next frame. Returns whether there may be another. */
  #deliverNext(results: AsyncResults): boolean {
    let frame: Frame | null;
    try {
      frame = this.nextFrame();
    } catch (error) {
      if (!isInstance(error, FramingError)) throw error;
      this.#failed(error, results);
      return true;
    }
    if (frame === null) return false;
    results.add(this.frameReceived(frame));
    return true;
  }

  #failed(error: FramingError, results: AsyncResults): void {
    // decodingFailed() has left the bytes where they are, so the decoder cannot continue.
    if (error === this.#failure) return this.transport.abortConnection(error);
    this.#failure = error;
    results.add(this.decodingFailed(error));
  }
}
