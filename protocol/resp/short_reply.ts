import { textOfBytes } from "../framing/byte_text.ts";
import type { CheckedLimits } from "./resp_limits.ts";
import type { RESPValue } from "./resp_value.ts";

const CR = 13;
const LF = 10;
const DOLLAR = 0x24;
const MINUS = 0x2d;
const ZERO = 0x30;
/** The line end after a header or the bytes of a bulk string. */
const END = 2;
/** The length of the shortest value: an empty text. */
const SHORTEST = 3;
/** The greatest number of digits that are read here: they are always a safe integer. */
const MAX_DIGITS = 15;
/** The greatest number of digits of the length of a bulk string. */
const LENGTH_DIGITS = 4;
/** The greatest length of a simple string, in bytes. */
const MAX_TEXT = 32;

/**
 * Reads values that have arrived as a whole: simple strings, integers, bulk strings, null bulk
 * strings, and arrays of at most 9 of them. Nearly all replies are like this, and code without
 * the state of an incomplete message takes half the time.
 *
 * It returns `undefined` for every other value, and for one that is not valid or exceeds a limit.
 *
 * Each index is compared with the length before it is read: one read beyond the memory makes V8
 * compile all reads of that place as reads of a value that may be missing, which take twice as
 * long.
 */
export class ShortReplyReader {
  /** The index after the value that was returned last. */
  end = 0;
  readonly #limits: CheckedLimits;

  /** Creates a reader with the limits of a decoder. */
  constructor(limits: CheckedLimits) {
    this.#limits = limits;
  }

  /**
   * Reads a whole message.
   *
   * @param bytes The bytes that have arrived.
   * @param start The index of the first byte of the message.
   * @param memory The `buffer` of `bytes`.
   * @param text Whether bulk strings are returned as text.
   */
  message(
    bytes: Uint8Array,
    start: number,
    memory: ArrayBufferLike,
    text: boolean,
  ): RESPValue | undefined {
    const value = bytes[start] === 0x2a // *
      ? this.#array(bytes, start, memory, text)
      : this.value(bytes, start, memory, text);
    return this.end - start > this.#limits.maxLength ? undefined : value;
  }

  /** Reads a value that is not an aggregate. It does not check the length of the message. */
  value(
    bytes: Uint8Array,
    at: number,
    memory: ArrayBufferLike,
    text: boolean,
  ): string | number | Uint8Array | null | undefined {
    if (at + SHORTEST > bytes.length) return undefined;
    switch (bytes[at]) {
      case DOLLAR:
        return this.#bulk(bytes, at, memory, text);
      case 0x3a: // :
        return this.#integer(bytes, at);
      case 0x2b: // +
        return this.#simple(bytes, at);
      default:
        return undefined;
    }
  }

  #array(
    bytes: Uint8Array,
    at: number,
    memory: ArrayBufferLike,
    text: boolean,
  ): RESPValue[] | undefined {
    if (at + SHORTEST > bytes.length) return undefined;
    const count = (bytes[at + 1] ?? 0) - ZERO;
    const { maxDepth, maxElements } = this.#limits;
    if (count < 0 || count > 9 || count > maxElements || maxDepth < 1) return undefined;
    if (!this.#endsLine(bytes, at, at + 2)) return undefined;
    const items = new Array<RESPValue>(count);
    for (let i = 0; i < count; i++) {
      const value = this.value(bytes, this.end, memory, text);
      if (value === undefined) return undefined;
      items[i] = value;
    }
    return items;
  }

  /** Most values are bulk strings, so this checks line ends without a call. */
  #bulk(
    bytes: Uint8Array,
    at: number,
    memory: ArrayBufferLike,
    text: boolean,
  ): string | Uint8Array | null | undefined {
    let length = (bytes[at + 1] ?? 0) - ZERO;
    if (length < 0 || length > 9) return this.#nullBulk(bytes, at);
    let i = at + 2;
    for (const last = Math.min(at + LENGTH_DIGITS, bytes.length - 1); i <= last; i++) {
      const digit = (bytes[i] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    const from = i + END;
    const to = from + length;
    if (to + END > bytes.length || bytes[to + 1] !== LF || bytes[to] !== CR) return undefined;
    if (bytes[i] !== CR || bytes[i + 1] !== LF) return undefined;
    const { maxBulkLength, maxLineLength } = this.#limits;
    if (length > maxBulkLength || i - at > maxLineLength) return undefined;
    this.end = to + END;
    if (text) return textOfBytes(bytes, from, to);
    return new Uint8Array(memory, bytes.byteOffset + from, length);
  }

  #nullBulk(bytes: Uint8Array, at: number): null | undefined {
    if (bytes[at + 1] !== MINUS || bytes[at + 2] !== ZERO + 1) return undefined;
    return this.#endsLine(bytes, at, at + 3) ? null : undefined;
  }

  #integer(bytes: Uint8Array, at: number): number | undefined {
    const isNegative = bytes[at + 1] === MINUS;
    const first = isNegative ? at + 2 : at + 1;
    const last = Math.min(first + MAX_DIGITS, bytes.length);
    let value = 0;
    let i = first;
    for (; i < last; i++) {
      const digit = (bytes[i] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i === first || !this.#endsLine(bytes, at, i)) return undefined;
    return isNegative && value > 0 ? -value : value;
  }

  #simple(bytes: Uint8Array, at: number): string | undefined {
    const last = Math.min(at + MAX_TEXT, bytes.length - 1);
    let i = at + 1;
    // Line ends are less than every character of a text.
    while (i <= last && (bytes[i] ?? 0) > CR) i++;
    return this.#endsLine(bytes, at, i) ? textOfBytes(bytes, at + 1, i) : undefined;
  }

  /** Returns whether the line that begins at `at` ends at `end`, and is not too long. */
  #endsLine(bytes: Uint8Array, at: number, end: number): boolean {
    this.end = end + END;
    return this.end <= bytes.length && bytes[end] === CR && bytes[end + 1] === LF &&
      end - at <= this.#limits.maxLineLength;
  }
}
