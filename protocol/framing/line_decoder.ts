import { checkBound } from "../../internal/validation.ts";
import { BufferedDecoder } from "./buffered_decoder.ts";
import { FrameTooLongError } from "./framing_error.ts";
import { decodeText, LinesAhead } from "./lines_ahead.ts";

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** Options of a {@linkcode LineDecoder}. */
export interface LineDecoderOptions {
  /**
   * The delimiter between lines: bytes, or a string that is encoded as UTF-8.
   *
   * @default {"\r\n"}
   */
  delimiter?: Uint8Array | string | undefined;
  /**
   * The maximum length of a line, in bytes, without its delimiter.
   *
   * @default {16384}
   */
  maxLength?: number | undefined;
  /**
   * Whether the end of the input ends a line, as in text files. Otherwise a last line without a
   * delimiter is incomplete.
   *
   * @default {false}
   */
  allowUnterminated?: boolean | undefined;
}

/**
 * Decodes lines: byte strings that end with a delimiter.
 *
 * @example Lines of a text file, in any chunks
 * ```ts
 * import { LineDecoder } from "@torsion/reactor/protocol";
 *
 * const decoder = new LineDecoder({ delimiter: "\n", allowUnterminated: true });
 * decoder.push(new TextEncoder().encode("one\ntw"));
 * decoder.push(new TextEncoder().encode("o"));
 * decoder.finish();
 * for (let line = decoder.next(); line !== null; line = decoder.next()) {
 *   console.log(new TextDecoder().decode(line));
 * }
 * ```
 */
export class LineDecoder extends BufferedDecoder<Uint8Array> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "line";
  #maxLength = 16384;
  readonly #allowUnterminated: boolean;
  #delimiter: Uint8Array | string = EMPTY;
  #encodedDelimiter: Uint8Array = EMPTY;
  /** The delimiter, if its bytes are ASCII. */
  #textDelimiter: string | null = null;
  readonly #ahead = new LinesAhead();
  /** The offset in the input before which decoding ahead finds no lines. */
  #aloneUntil = 0;
  #isFinished = false;

  /**
   * Creates a decoder.
   *
   * @param options The delimiter and the limit.
   * @throws {RangeError} when the delimiter is empty, or `maxLength` is negative or not an integer.
   */
  constructor(options: LineDecoderOptions = {}) {
    super();
    const { delimiter = "\r\n", maxLength = 16384, allowUnterminated = false } = options;
    this.delimiter = delimiter;
    this.maxLength = maxLength;
    this.#allowUnterminated = allowUnterminated;
  }

  /**
   * The maximum length of a line, in bytes, without its delimiter. A change takes effect with the
   * next line. It must be an integer of at least 0, or `Infinity`.
   */
  get maxLength(): number {
    return this.#maxLength;
  }

  set maxLength(maxLength: number) {
    checkBound("maxLength", maxLength, 0);
    this.#maxLength = maxLength;
  }

  /** The delimiter. A change takes effect with the next line. It must not be empty. */
  get delimiter(): Uint8Array | string {
    return this.#delimiter;
  }

  set delimiter(delimiter: Uint8Array | string) {
    if (delimiter === this.#delimiter) return;
    if (delimiter.length === 0) {
      throw new RangeError("Cannot split the received data into lines: the delimiter is empty");
    }
    this.#encodedDelimiter = typeof delimiter === "string" ? encoder.encode(delimiter) : delimiter;
    this.#delimiter = delimiter;
    this.#skipUsed();
    this.buffer.searchAgain();
    this.#aloneUntil = 0;
    const isASCII = this.#encodedDelimiter.every((byte) => byte < 0x80);
    this.#textDelimiter = isASCII ? decodeText(this.#encodedDelimiter) : null;
  }

  /** The number of bytes that have been pushed and belong to no line that was returned. */
  override get buffered(): number {
    return this.buffer.size - this.#ahead.used;
  }

  /**
   * Returns the next line.
   *
   * @returns The line; `null` if more bytes are needed.
   * @throws {FrameTooLongError} when the line is too long.
   */
  override next(): Uint8Array | null {
    this.#skipUsed();
    return super.next();
  }

  /**
   * Declares the end of the input.
   *
   * @throws {IncompleteFrameError} when the last line has no delimiter, without the option
   *   `allowUnterminated`. With it, {@linkcode next} returns that line.
   * @throws {FramingError} when a line was too long.
   */
  override finish(): void {
    this.#skipUsed();
    if (!this.#allowUnterminated) return super.finish();
    this.#isFinished = true;
  }

  /**
   * Puts back bytes that {@linkcode takeRest} has removed, in front of the bytes that arrived
   * later.
   *
   * @param bytes The bytes. The decoder keeps them.
   */
  putBack(bytes: Uint8Array): void {
    this.#skipUsed();
    this.buffer.putBack(bytes);
  }

  /**
   * Returns the next line as text, decoded as UTF-8. For short lines it is much faster than to
   * decode what {@linkcode next} returns, because many lines are decoded at once.
   *
   * @returns The line, with U+FFFD for invalid bytes; `null` if more bytes are needed.
   * @throws {FrameTooLongError} when the line is too long.
   */
  nextText(): string | null {
    const textDelimiter = this.#textDelimiter;
    if (textDelimiter === null || this.failure !== null) return this.#nextAlone();
    const line = this.#ahead.next(this.#maxLength, textDelimiter);
    if (line !== undefined) return line;
    this.#skipUsed();
    const { offset } = this.buffer;
    const head = this.buffer.peekHead();
    const tail = this.buffer.peekTail();
    if (offset < this.#aloneUntil) {
      // The head is decoded once more only together with a new chunk that is at least as long.
      // Otherwise a line that arrives byte by byte would be decoded from its start for each byte.
      const isNew = this.#aloneUntil <= offset + head.length && tail.length >= head.length;
      if (!isNew || tail.length === 0) return this.#nextAlone();
    }
    this.#aloneUntil = offset + this.#ahead.decode(head, tail, textDelimiter);
    return this.#ahead.next(this.#maxLength, textDelimiter) ?? this.#nextAlone();
  }

  /** Decodes the next line. */
  protected override decode(): Uint8Array | null {
    const { buffer, maxLength } = this;
    const delimiter = this.#encodedDelimiter;
    const length = buffer.lengthUntil(delimiter);
    if (length > maxLength) throw this.#tooLong();
    if (length >= 0) return buffer.take(length, delimiter.length);
    if (this.#isFinished && buffer.size > 0) {
      if (buffer.size > maxLength) throw this.#tooLong();
      return buffer.take(buffer.size);
    }
    // The line is too long even if the last bytes in the buffer are the beginning of a delimiter.
    if (buffer.size >= maxLength + delimiter.length) throw this.#tooLong();
    return null;
  }

  /** Removes the lines that were returned as text from the buffer. */
  protected override reset(): void {
    this.#skipUsed();
  }

  #nextAlone(): string | null {
    const line = this.next();
    return line === null ? null : decodeText(line);
  }

  #skipUsed(): void {
    const used = this.#ahead.end();
    if (used > 0) this.buffer.skip(used);
  }

  #tooLong(): FrameTooLongError {
    // The number does not depend on the chunks in which the line arrives.
    return new FrameTooLongError(
      this.frameName,
      this.maxLength + 1,
      this.maxLength,
      this.buffer.offset,
    );
  }
}
