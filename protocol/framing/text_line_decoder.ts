import type { FrameDecoder } from "./frame_decoder.ts";
import { LineDecoder, type LineDecoderOptions } from "./line_decoder.ts";

/**
 * Decodes lines as text. With {@linkcode decoderStream}, it splits a stream of bytes into lines.
 *
 * @example The lines of a response
 * ```ts
 * import { decoderStream, TextLineDecoder } from "@torsion/reactor/protocol";
 *
 * const body = new Response("one\ntwo").body ?? new ReadableStream();
 * const decoder = new TextLineDecoder({ delimiter: "\n", allowUnterminated: true });
 * for await (const line of body.pipeThrough(decoderStream(decoder))) {
 *   console.log(line);
 * }
 * ```
 */
export class TextLineDecoder implements FrameDecoder<string> {
  readonly #lines: LineDecoder;

  /**
   * Creates a decoder.
   *
   * @param options The delimiter and the limit, in bytes.
   * @throws {RangeError} when the delimiter is empty, or `maxLength` is negative or not an integer.
   */
  constructor(options: LineDecoderOptions = {}) {
    this.#lines = new LineDecoder(options);
  }

  /** The number of bytes that have been pushed and belong to no line that was returned. */
  get buffered(): number {
    return this.#lines.buffered;
  }

  /**
   * Adds bytes that have arrived.
   *
   * @param chunk The bytes, in any number. The decoder keeps them.
   */
  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  /**
   * Returns the next line, decoded as UTF-8.
   *
   * @returns The line, with U+FFFD for invalid bytes; `null` if more bytes are needed.
   * @throws {FrameTooLongError} when the line is too long.
   */
  next(): string | null {
    return this.#lines.nextText();
  }

  /**
   * Declares the end of the input. See {@linkcode LineDecoder.finish}.
   *
   * @throws {FramingError} when the last line is incomplete or too long.
   */
  finish(): void {
    this.#lines.finish();
  }

  /** Removes the bytes that belong to no line that was returned. */
  takeRest(): Uint8Array {
    return this.#lines.takeRest();
  }
}
