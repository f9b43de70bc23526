import { visibleText } from "../../internal/visible_text.ts";
import { FrameTooLongError, FramingError } from "../framing/framing_error.ts";
import { ContiguousDecoder } from "../framing/contiguous_decoder.ts";
import { type AggregateType, joinAttributes, OpenAggregate } from "./open_aggregate.ts";
import { type CheckedLimits, checkedLimits, type RESPLimits } from "./resp_limits.ts";
import { bigIntIn, doubleIn, int64In, integerIn } from "./resp_numbers.ts";
import { textOfBytes, viewOf } from "../framing/byte_text.ts";
import { ShortReplyReader } from "./short_reply.ts";
import {
  respErrorOf,
  type RESPMap,
  type RESPMessage,
  type RESPValue,
  VerbatimString,
} from "./resp_value.ts";

const CR = 13;
const LF = 10;
const COLON = 0x3a;
const DOLLAR = 0x24;
const QUESTION_MARK = 0x3f;
/** The line end after the bytes of a bulk string. */
const END = 2;
/** The length of the shortest value: a null. */
const SHORTEST = 3;

/** The first bytes of values, of parts of a streamed string, and of the end of an aggregate. */
const TYPES: readonly boolean[] = Array.from(
  { length: 256 },
  (_, byte) => "+-:_,#($!=*%~>|;.".includes(String.fromCharCode(byte)),
);
const AGGREGATES: ReadonlyMap<string, AggregateType> = new Map([
  ["*", "array"],
  ["%", "map"],
  ["~", "set"],
  [">", "push"],
  ["|", "attribute"],
]);
/** The aggregates that may be streamed, according to the specification. */
const STREAMED: ReadonlySet<AggregateType> = new Set(["array", "map", "set"]);

/** The result of a step that needs more bytes. */
const WAIT = Symbol("more bytes are needed");
/** The result of a step that has read a part of a value. */
const PART = Symbol("a part of a value");
type Step = RESPValue | typeof WAIT | typeof PART;

/** Options of a {@linkcode RESPDecoder}. */
export interface RESPDecoderOptions extends RESPLimits {
  /**
   * Whether bulk strings are returned as text. See {@linkcode RESPDecoder.text}.
   *
   * @default {false}
   */
  text?: boolean | undefined;
}

/**
 * Decodes all types of RESP2 and RESP3: what a server sends to its clients. A
 * {@linkcode CommandDecoder} decodes the other direction.
 *
 * No memory is reserved for an announced length or number of elements: it grows with the bytes that
 * arrive. Bulk strings are views of the memory in which they arrived. `slice()` a string that is
 * kept for long.
 *
 * @example
 * ```ts
 * import { RESPDecoder } from "@torsion/reactor/resp";
 *
 * const decoder = new RESPDecoder({ text: true });
 * decoder.push(new TextEncoder().encode("%1\r\n$4\r\nname\r\n$6\r\nvalkey\r\n"));
 * const message = decoder.next();
 * if (message !== null) console.log(message.kind, message.value);
 * ```
 */
export class RESPDecoder extends ContiguousDecoder<RESPMessage> {
  /**
   * Whether bulk strings are returned as text, decoded as UTF-8 with U+FFFD for other bytes. A
   * change takes effect with the next value, so that a client can choose for each reply. Change it
   * only between messages.
   *
   * @default {false}
   */
  text: boolean;
  /** The name of a frame in error messages. */
  protected override readonly frameName = "RESP message";
  readonly #limits: CheckedLimits;
  readonly #short: ShortReplyReader;

  // The state of the incomplete message. Positions count from its beginning.
  /** The number of bytes that have been read. */
  #read = 0;
  /** There is no line end before this position. */
  #searched = 0;
  /** The number of elements that were announced. */
  #elements = 0;
  /** The type of the bulk string whose header has been read; 0 if there is none. */
  #bulkType = 0;
  #bulkLength = 0;
  /** The parts of a streamed string; null outside of one. */
  #parts: Uint8Array[] | null = null;
  #partsLength = 0;
  /** The open aggregates, the outermost first. */
  readonly #open: OpenAggregate[] = [];
  #attributes: RESPMap | null = null;

  /**
   * Creates a decoder.
   *
   * @param options The form of bulk strings, and the limits.
   * @throws {RangeError} when a limit is negative or not an integer.
   */
  constructor(options: RESPDecoderOptions = {}) {
    super();
    this.text = options.text ?? false;
    this.#limits = checkedLimits(options);
    this.#short = new ShortReplyReader(this.#limits);
  }

  /** Parses a message. */
  protected override parse(bytes: Uint8Array, start: number): RESPMessage | null {
    // Nothing of the message has been read, so it may be a short one.
    if (this.#read === 0) {
      const value = this.#short.message(bytes, start, this.memory, this.text);
      if (value !== undefined) {
        this.#searched = 0;
        this.advance(this.#short.end);
        return { kind: "reply", value, attributes: null };
      }
    }
    for (;;) {
      const step = this.#step(bytes, start);
      if (step === WAIT) return null;
      const message = step === PART ? this.#close(start) : this.#place(step, start);
      if (message === null) continue;
      const end = start + this.#read;
      this.#clear();
      this.advance(end);
      return message;
    }
  }

  /** Forgets the part of a message that has been read. */
  protected override reset(): void {
    this.#clear();
    this.#open.length = 0;
    this.#bulkType = 0;
    this.#parts = null;
    super.reset();
  }

  #clear(): void {
    this.#read = 0;
    this.#searched = 0;
    this.#elements = 0;
    this.#attributes = null;
  }

  /** Adds a value to the innermost aggregate. Returns the message if it is complete. */
  #place(value: RESPValue, start: number): RESPMessage | null {
    const top = this.#open.at(-1);
    if (top === undefined) return { kind: "reply", value, attributes: this.#attributes };
    if (top.remaining === Infinity) this.#addElements(1, start);
    top.add(value);
    return this.#close(start);
  }

  /** Closes the aggregates that are complete. Returns the message if it is complete. */
  #close(start: number): RESPMessage | null {
    for (let top = this.#open.at(-1); top?.remaining === 0; top = this.#open.at(-1)) {
      this.#open.pop();
      const parent = this.#open.at(-1);
      if (top.type === "attribute") return this.#setAttributes(parent, top.toMap());
      const attributes = this.#attributes;
      if (top.type === "push") return { kind: "push", value: top.items, attributes };
      const value = top.toValue();
      if (parent === undefined) return { kind: "reply", value, attributes };
      if (parent.remaining === Infinity) this.#addElements(1, start);
      parent.add(value);
    }
    return null;
  }

  /** Keeps attributes for the value that follows. */
  #setAttributes(parent: OpenAggregate | undefined, attributes: RESPMap): null {
    if (parent === undefined) this.#attributes = joinAttributes(this.#attributes, attributes);
    else parent.attributes = joinAttributes(parent.attributes, attributes);
    return null;
  }

  #step(bytes: Uint8Array, start: number): Step {
    if (this.#bulkType !== 0) return this.#bulk(bytes, start);
    const at = start + this.#read;
    const { maxLength } = this.#limits;
    if (at + SHORTEST > start + maxLength) throw this.#tooLong(maxLength + 1, start);
    const type = bytes[at];
    if (type === undefined) return WAIT;
    if (this.#parts === null && this.#read > 0) {
      const value = this.#short.value(bytes, at, this.memory, this.text);
      const read = this.#short.end - start;
      if (value !== undefined && read <= maxLength) {
        this.#read = this.#searched = read;
        return value;
      }
    }
    if (!TYPES[type]) {
      throw this.#violation(at, `it begins with ${nameOf(type)}, which is not a type`);
    }
    const end = this.#lineEnd(bytes, start, at);
    if (end < 0) return WAIT;
    if (this.#parts !== null && type !== 0x3b) {
      throw this.#violation(at, "a part of a streamed string must follow");
    }
    this.#read = end + END - start;
    this.#searched = this.#read;
    switch (type) {
      case 0x2b: // +
        return textOfBytes(bytes, at + 1, end);
      case 0x2d: // -
        return respErrorOf(textOfBytes(bytes, at + 1, end));
      case 0x24: // $
      case 0x21: // !
      case 0x3d: // =
      case 0x3b: // ;
        return this.#bulkHeader(bytes, start, at, end);
      case 0x2e: // .
        return this.#streamEnd(at, end);
      case 0x2a: // *
      case 0x25: // %
      case 0x7e: // ~
      case 0x3e: // >
      case 0x7c: // |
        return this.#aggregateHeader(bytes, start, at, end);
      default:
        return this.#scalar(bytes, at, end);
    }
  }

  /** Returns the index of the line end of the line that begins at `at`; -1 if it is missing. */
  #lineEnd(bytes: Uint8Array, start: number, at: number): number {
    const { maxLineLength, maxLength } = this.#limits;
    const limit = Math.min(at + maxLineLength, start + maxLength - END) + 1;
    const end = Math.min(bytes.length, limit);
    let i = Math.max(at + 1, start + this.#searched);
    for (; i < end; i++) {
      const byte = bytes[i] ?? 0;
      if (byte > CR) continue;
      if (byte === LF) throw this.#violation(i, "a line feed does not follow a carriage return");
      if (byte !== CR) continue;
      if (i + 1 === bytes.length) break;
      if (bytes[i + 1] === LF) return i;
      throw this.#violation(i, "a carriage return is not followed by a line feed");
    }
    if (i >= limit && i < bytes.length) throw this.#lineTooLong(start, at);
    this.#searched = i - start;
    return -1;
  }

  /** Reads a value that is a line, other than a string or an error. */
  #scalar(bytes: Uint8Array, at: number, end: number): RESPValue {
    const value = scalarIn(bytes, at, end);
    if (value === undefined) throw this.#invalid(bytes, at, end);
    return value;
  }

  /** Reads the header of a bulk string, or of a part of a streamed string. */
  #bulkHeader(bytes: Uint8Array, start: number, at: number, end: number): Step {
    const type = bytes[at] ?? 0;
    const isBulk = type === DOLLAR;
    if (type === 0x3b && this.#parts === null) {
      throw this.#violation(at, "a part of a streamed string is outside of one");
    }
    if (isBulk && isQuestionMark(bytes, at, end)) {
      this.#parts = [];
      this.#partsLength = 0;
      return PART;
    }
    const length = integerIn(bytes, at + 1, end);
    if (isBulk && length === -1) return null;
    if (!(length >= 0)) throw this.#invalid(bytes, at, end);
    this.#checkBulk(length, start, at);
    if (type === 0x3b) {
      if (length === 0) return this.#joinParts();
      // Each part takes memory of its own, even if it has only one byte.
      this.#addElements(1, start);
    }
    this.#bulkType = type;
    this.#bulkLength = length;
    return this.#bulk(bytes, start);
  }

  #checkBulk(length: number, start: number, at: number): void {
    const { maxBulkLength, maxLength } = this.#limits;
    const bulkLength = length + (this.#parts === null ? 0 : this.#partsLength);
    if (bulkLength > maxBulkLength) {
      throw new FrameTooLongError("bulk string", bulkLength, maxBulkLength, this.offsetOf(at));
    }
    const size = this.#read + length + END;
    if (size > maxLength) throw this.#tooLong(size, start);
  }

  /** Reads the bytes of a bulk string. */
  #bulk(bytes: Uint8Array, start: number): Step {
    const from = start + this.#read;
    const to = from + this.#bulkLength;
    if (bytes.length < to + END) {
      this.expect(to + END - start);
      return WAIT;
    }
    if (bytes[to] !== CR || bytes[to + 1] !== LF) {
      throw this.#violation(to, "a bulk string is not followed by a line end");
    }
    const type = this.#bulkType;
    this.#bulkType = 0;
    this.#read = to + END - start;
    this.#searched = this.#read;
    switch (type) {
      case 0x24: // $
        return this.text ? textOfBytes(bytes, from, to) : viewOf(bytes, from, to);
      case 0x21: // !
        return respErrorOf(textOfBytes(bytes, from, to));
      case 0x3d: // =
        return this.#verbatim(bytes, from, to);
      default:
        this.#parts?.push(viewOf(bytes, from, to));
        this.#partsLength += to - from;
        return PART;
    }
  }

  #verbatim(bytes: Uint8Array, from: number, to: number): VerbatimString {
    const format = textOfBytes(bytes, from, Math.min(from + 3, to));
    if (bytes[from + 3] !== COLON || to < from + 4 || !/^[ -~]{3}$/.test(format)) {
      throw this.#violation(from, "a verbatim string does not begin with its format");
    }
    return new VerbatimString(format, viewOf(bytes, from + 4, to));
  }

  #joinParts(): string | Uint8Array {
    const joined = new Uint8Array(this.#partsLength);
    let length = 0;
    for (const part of this.#parts ?? []) {
      joined.set(part, length);
      length += part.length;
    }
    this.#parts = null;
    return this.text ? textOfBytes(joined, 0, length) : joined;
  }

  /** Reads the header of an aggregate. */
  #aggregateHeader(bytes: Uint8Array, start: number, at: number, end: number): Step {
    const type = AGGREGATES.get(String.fromCharCode(bytes[at] ?? 0)) ?? "array";
    const isStreamed = isQuestionMark(bytes, at, end) && STREAMED.has(type);
    const count = isStreamed ? Infinity : integerIn(bytes, at + 1, end);
    if (type === "array" && count === -1) return null;
    if (!(count >= 0)) throw this.#invalid(bytes, at, end);
    if (type === "push" && this.#open.length > 0) {
      throw this.#violation(at, "a push is inside of another value");
    }
    const { maxDepth } = this.#limits;
    if (this.#open.length >= maxDepth) {
      throw this.#violation(at, `the limit is ${maxDepth} aggregates inside of each other`);
    }
    const elements = type === "map" || type === "attribute" ? count * 2 : count;
    if (!isStreamed) this.#addElements(elements, start);
    this.#open.push(new OpenAggregate(type, elements));
    return PART;
  }

  #addElements(count: number, start: number): void {
    const { maxElements } = this.#limits;
    this.#elements += count;
    if (this.#elements <= maxElements) return;
    throw this.#violation(start, `it has more elements than the limit of ${maxElements}`);
  }

  /** Reads the end of a streamed aggregate. */
  #streamEnd(at: number, end: number): typeof PART {
    const top = this.#open.at(-1);
    if (top === undefined || !top.mayEnd || end !== at + 1) {
      throw this.#violation(at, "no streamed aggregate can end here");
    }
    top.remaining = 0;
    return PART;
  }

  #violation(index: number, reason: string): FramingError {
    return new FramingError(`Cannot receive a ${this.frameName}: ${reason}`, this.offsetOf(index));
  }

  #invalid(bytes: Uint8Array, at: number, end: number): FramingError {
    const line = visibleText(textOfBytes(bytes, at, Math.min(end, at + 40)), {
      newlines: "escaped",
    });
    return this.#violation(at, `the line ${JSON.stringify(line)} is not valid`);
  }

  #lineTooLong(start: number, at: number): FrameTooLongError {
    const { maxLineLength, maxLength } = this.#limits;
    if (start + maxLength - END < at + maxLineLength) return this.#tooLong(maxLength + 1, start);
    const offset = this.offsetOf(at);
    return new FrameTooLongError("RESP line", maxLineLength + 1, maxLineLength, offset);
  }

  #tooLong(size: number, start: number): FrameTooLongError {
    const { maxLength } = this.#limits;
    return new FrameTooLongError(this.frameName, size, maxLength, this.offsetOf(start));
  }
}

/** Returns the number, boolean or null of a line; undefined if the line is not valid. */
function scalarIn(bytes: Uint8Array, at: number, end: number): RESPValue | undefined {
  switch (bytes[at]) {
    case COLON:
      return int64In(bytes, at + 1, end) ?? undefined;
    case 0x2c: // ,
      return doubleIn(bytes, at + 1, end) ?? undefined;
    case 0x28: // (
      return bigIntIn(bytes, at + 1, end) ?? undefined;
    case 0x23: // #
      return end !== at + 2 ? undefined : booleanOf(bytes[at + 1]);
    default: // _
      return end === at + 1 ? null : undefined;
  }
}

function booleanOf(byte: number | undefined): boolean | undefined {
  if (byte === 0x74) return true;
  return byte === 0x66 ? false : undefined;
}

function isQuestionMark(bytes: Uint8Array, at: number, end: number): boolean {
  return end === at + 2 && bytes[at + 1] === QUESTION_MARK;
}

/** Returns a byte as an error message shows it. */
function nameOf(byte: number): string {
  return byte > 0x20 && byte < 0x7f
    ? `"${String.fromCharCode(byte)}"`
    : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
}
