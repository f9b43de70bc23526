import { isInstance } from "../../internal/foreign_value.ts";
import type { FrameDecoder } from "./frame_decoder.ts";
import { FramingError, IncompleteFrameError } from "./framing_error.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";

/**
 * The base class of decoders that keep the bytes of an incomplete frame in a buffer. A subclass
 * implements {@linkcode decode}.
 *
 * @typeParam Frame The type of a frame. It must not include `null`.
 *
 * @example Frames of three bytes
 * ```ts
 * import { BufferedDecoder } from "@torsion/reactor/protocol";
 *
 * class TripletDecoder extends BufferedDecoder<Uint8Array> {
 *   protected override readonly frameName = "triplet";
 *
 *   protected override decode(): Uint8Array | null {
 *     return this.buffer.size < 3 ? null : this.buffer.take(3);
 *   }
 * }
 *
 * const decoder = new TripletDecoder();
 * decoder.push(new Uint8Array([1, 2, 3, 4]));
 * console.log(decoder.next(), decoder.next(), decoder.buffered);
 * ```
 */
export abstract class BufferedDecoder<Frame> implements FrameDecoder<Frame> {
  /** The bytes that belong to no frame that was returned. */
  protected readonly buffer: ReceiveBuffer = new ReceiveBuffer();
  /** The name of a frame in error messages, such as `line`. */
  protected abstract readonly frameName: string;
  #failure: FramingError | null = null;

  /** The error that {@linkcode next} has thrown, until the bytes were removed. */
  protected get failure(): FramingError | null {
    return this.#failure;
  }

  /** The number of bytes that have been pushed and belong to no frame that was returned. */
  get buffered(): number {
    return this.buffer.size;
  }

  /**
   * Adds bytes that have arrived.
   *
   * @param chunk The bytes, in any number. The decoder keeps them.
   */
  push(chunk: Uint8Array): void {
    this.buffer.append(chunk);
  }

  /**
   * Returns the next frame.
   *
   * @returns The frame; `null` if more bytes are needed.
   * @throws {FramingError} when the input violates the format.
   */
  next(): Frame | null {
    if (this.#failure !== null) throw this.#failure;
    let frame: Frame | null;
    try {
      frame = this.decode();
    } catch (error) {
      if (isInstance(error, FramingError)) this.#failure = error;
      throw error;
    }
    if (frame === null) this.buffer.settle();
    return frame;
  }

  /**
   * Declares the end of the input.
   *
   * @throws {IncompleteFrameError} when the input ends within a frame.
   * @throws {FramingError} when the input has violated the format.
   */
  finish(): void {
    if (this.#failure !== null) throw this.#failure;
    const { size, offset } = this.buffer;
    if (size > 0) throw new IncompleteFrameError(this.frameName, size, offset);
  }

  /**
   * Removes the bytes that belong to no frame that was returned, and prepares the decoder for a new
   * frame.
   *
   * @returns The removed bytes, with the beginning of a frame that is incomplete.
   */
  takeRest(): Uint8Array {
    this.recover();
    return this.buffer.takeAll();
  }

  /**
   * Decodes the next frame, and takes its bytes out of {@linkcode buffer}.
   *
   * Bytes are taken out only when their frame is complete. What is known about an incomplete frame
   * is kept in fields, which {@linkcode reset} clears, so that no byte is examined twice.
   *
   * @returns The frame; `null` if more bytes are needed.
   * @throws {FramingError} when the input violates the format.
   */
  protected abstract decode(): Frame | null;

  /** Forgets what is known about an incomplete frame. Called before its bytes are removed. */
  protected reset(): void {}

  /** Forgets the error that {@linkcode next} has thrown, and the incomplete frame. */
  protected recover(): void {
    this.#failure = null;
    this.reset();
  }
}
