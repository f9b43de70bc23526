import { checkBound } from "../../internal/validation.ts";
import { quote } from "../../internal/foreign_value.ts";
import { BufferedDecoder } from "../framing/buffered_decoder.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import { InvalidMemCacheAnswer } from "./errors.ts";
import type { MemCacheAnswer } from "./memcache_answers.ts";
import { lineText, parseLine, type ValueLine } from "./parse_line.ts";

const CR = 0x0d;
const LF = 0x0a;
const CRLF = Uint8Array.of(CR, LF);

/** Options of a {@linkcode MemCacheDecoder}. Twisted has no such limits. */
export interface MemCacheDecoderOptions {
  /**
   * The maximum length of a value, in bytes. The default is that of memcached (its option `-I`).
   *
   * @default {1048576}
   */
  maxValueLength?: number | undefined;
  /**
   * The maximum length of a line, in bytes, without the line end.
   *
   * @default {2048}
   */
  maxLineLength?: number | undefined;
  /**
   * The maximum number of values, or of statistics, in one answer.
   *
   * @default {10000}
   */
  maxItems?: number | undefined;
}

/**
 * Decodes the answers of a memcached server, in its text protocol: a value, a statistic or another
 * line at a time. The parts of an answer are not collected, so the memory that it needs is that of
 * one value.
 *
 * Values are views of the memory in which the bytes arrived. `slice()` a value that is kept for
 * long.
 *
 * @example
 * ```ts
 * import { MemCacheDecoder } from "@torsion/reactor/memcache";
 *
 * const decoder = new MemCacheDecoder();
 * decoder.push(new TextEncoder().encode("VALUE greeting 0 5\r\nhello\r\nEND\r\n"));
 * console.log(decoder.next()); // { type: "value", key: "greeting", flags: 0, … }
 * console.log(decoder.next()); // { type: "status", status: "END" }
 * ```
 */
export class MemCacheDecoder extends BufferedDecoder<MemCacheAnswer> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "memcached answer";
  readonly #maxValueLength: number;
  readonly #maxLineLength: number;
  readonly #maxItems: number;
  /** The line whose value has not arrived, without its length. */
  #valueLine: ValueLine | null = null;
  /** The number of bytes of that line, with the line end. */
  #lineSize = 0;
  /** The number of values or statistics of the incomplete answer. */
  #items = 0;

  /**
   * Creates a decoder.
   *
   * @param options The limits.
   * @throws {RangeError} when a limit is negative or not an integer.
   */
  constructor(options: MemCacheDecoderOptions = {}) {
    super();
    const { maxValueLength = 1_048_576, maxLineLength = 2048, maxItems = 10_000 } = options;
    checkBound("maxValueLength", maxValueLength, 0);
    checkBound("maxLineLength", maxLineLength, 0);
    checkBound("maxItems", maxItems, 0);
    this.#maxValueLength = maxValueLength;
    this.#maxLineLength = maxLineLength;
    this.#maxItems = maxItems;
  }

  /** The maximum length of a value, in bytes. */
  get maxValueLength(): number {
    return this.#maxValueLength;
  }

  /**
   * Declares the end of the input.
   *
   * @throws {IncompleteFrameError} when the input ends within a line or a value.
   * @throws {InvalidMemCacheAnswer} when it ends after values or statistics that no `END` follows.
   */
  override finish(): void {
    super.finish();
    if (this.#items > 0) {
      throw this.#invalid(`it must end with END, and the input ends after ${this.#items} items`);
    }
  }

  /** Decodes the next part of an answer. */
  protected override decode(): MemCacheAnswer | null {
    if (this.#valueLine !== null) return this.#decodeValue(this.#valueLine);
    const length = this.#lineLength();
    if (length < 0) return null;
    const line = this.buffer.peek(0, length);
    const parsed = parseLine(line);
    if (typeof parsed === "string") {
      throw this.#invalid(`${parsed}, got the line ${quote(lineText(line))}`);
    }
    if ("length" in parsed) return this.#startValue(parsed, length + 2);
    this.#count(parsed);
    this.buffer.skip(length + 2);
    return parsed;
  }

  /** Forgets the line whose value has not arrived, and the answer to which it belongs. */
  protected override reset(): void {
    this.#valueLine = null;
    this.#items = 0;
  }

  /** Returns the length of the line, without its end; -1 if more bytes are needed. */
  #lineLength(): number {
    const { buffer } = this;
    const length = buffer.lengthUntil(CRLF);
    const max = this.#maxLineLength;
    // The line is too long even if the last byte in the buffer begins the line end.
    if (length > max || (length < 0 && buffer.size >= max + 2)) {
      throw new FrameTooLongError("line of a memcached answer", max + 1, max, buffer.offset);
    }
    return length;
  }

  #startValue(line: ValueLine, lineSize: number): MemCacheAnswer | null {
    if (line.length > this.#maxValueLength) {
      const { offset } = this.buffer;
      throw new FrameTooLongError("memcached value", line.length, this.#maxValueLength, offset);
    }
    if (line.type === "value") this.#addItem();
    this.#valueLine = line;
    this.#lineSize = lineSize;
    return this.#decodeValue(line);
  }

  #decodeValue(line: ValueLine): MemCacheAnswer | null {
    const { buffer } = this;
    const end = this.#lineSize + line.length;
    if (buffer.size < end + 2) {
      buffer.expect(end + 2);
      return null;
    }
    if (buffer.byteAt(end) !== CR || buffer.byteAt(end + 1) !== LF) {
      throw this.#invalid(`a value of ${line.length} bytes must end with a line end`);
    }
    buffer.skip(this.#lineSize);
    const value = buffer.take(line.length, 2);
    this.#valueLine = null;
    if (line.type === "meta") return { type: "meta", code: "VA", flags: line.flags, value };
    const { key, flags, cas } = line;
    return { type: "value", key, flags, cas, value };
  }

  /** Counts the items of an answer. */
  #count(answer: MemCacheAnswer): void {
    if (answer.type === "statistic") this.#addItem();
    else this.#items = 0;
  }

  #addItem(): void {
    if (++this.#items <= this.#maxItems) return;
    throw this.#invalid(`the limit of ${this.#maxItems} items (maxItems) is exceeded`);
  }

  #invalid(reason: string): InvalidMemCacheAnswer {
    return new InvalidMemCacheAnswer(
      `Cannot decode a memcached answer: ${reason}`,
      this.buffer.offset,
    );
  }
}
