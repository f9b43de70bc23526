import { quote } from "../../internal/foreign_value.ts";
import { ByteWriter } from "./byte_writer.ts";
import { isInt64, textOfDouble } from "./resp_numbers.ts";
import {
  NULL_ARRAY,
  type RESPArgument,
  RESPDouble,
  type RESPOutput,
  type RESPVersion,
  SimpleString,
} from "./resp_output.ts";
import { bytesOfText } from "../framing/byte_text.ts";
import { AttributedValue, RESPError, VerbatimString } from "./resp_value.ts";

/** The size of the memory for a single command or reply, in bytes, if it is enough. */
const SINGLE = 128;
/** The maximum depth of nested aggregates. */
const MAX_DEPTH = 1000;

/** The first bytes of values. */
const BULK = 0x24;
const SIMPLE = 0x2b;
const ERROR = 0x2d;
const INTEGER = 0x3a;
const ARRAY = 0x2a;
const NULL = 0x5f;
const BOOLEAN = 0x23;
const DOUBLE = 0x2c;
const BIG_NUMBER = 0x28;
const VERBATIM = 0x3d;
const MAP = 0x25;
const SET = 0x7e;
const PUSH = 0x3e;
const ATTRIBUTE = 0x7c;

/**
 * Encodes commands, replies and pushes one after the other, so that they can be sent together.
 *
 * @example Two commands in one write
 * ```ts
 * import { RESPEncoder } from "@torsion/reactor/resp";
 *
 * const encoder = new RESPEncoder();
 * encoder.command(["SET", "counter", 1]);
 * encoder.command(["INCR", "counter"]);
 * console.log(new TextDecoder().decode(encoder.take()));
 * ```
 */
export class RESPEncoder {
  /**
   * The version of the protocol in which replies and pushes are encoded. It may be changed between
   * them, as `HELLO 3` does.
   */
  version: RESPVersion;
  readonly #writer: ByteWriter;

  /**
   * Creates an encoder.
   *
   * @param version The version of the protocol. A connection begins with version 2.
   * @param allocation The number of bytes of memory to allocate at once. More is allocated if it is
   *   not enough.
   */
  constructor(version: RESPVersion = 2, allocation = 16384) {
    this.version = version;
    this.#writer = new ByteWriter(allocation);
  }

  /** The number of bytes that have been encoded and not been taken out. */
  get size(): number {
    return this.#writer.size;
  }

  /**
   * Takes out the bytes that have been encoded.
   *
   * @returns The bytes. Their memory is never written again.
   */
  take(): Uint8Array<ArrayBuffer> {
    return this.#writer.take();
  }

  /**
   * Encodes a command.
   *
   * @param words The name and the arguments. Text is encoded as UTF-8, and numbers as decimal text.
   * @throws {TypeError} when a word is of another type. Nothing of the command is encoded then.
   * @throws {RangeError} when there is no word.
   */
  command(words: readonly RESPArgument[]): void {
    if (words.length === 0) throw new RangeError("Cannot encode a command: it has no name");
    const { size } = this.#writer;
    try {
      this.#writer.header(ARRAY, words.length);
      for (const word of words) this.#writer.bulk(BULK, textOrBytes(word));
    } catch (error) {
      this.#writer.truncate(size);
      throw error;
    }
  }

  /**
   * Encodes a reply.
   *
   * @param value The value. {@linkcode RESPOutput} says how each type is encoded.
   * @throws {TypeError} when a value is of another type. Nothing of the reply is encoded then.
   * @throws {RangeError} when aggregates are nested more than 1000 deep.
   */
  reply(value: RESPOutput): void {
    const { size } = this.#writer;
    try {
      this.#value(value, 0);
    } catch (error) {
      this.#writer.truncate(size);
      throw error;
    }
  }

  /**
   * Encodes a push: in RESP2, an array.
   *
   * @param values The kind of the data, such as `"message"`, and the data.
   * @throws {TypeError} when a value is of another type. Nothing of the push is encoded then.
   */
  push(values: readonly RESPOutput[]): void {
    const { size } = this.#writer;
    try {
      this.#aggregate(this.version === 3 ? PUSH : ARRAY, values, values.length, 0);
    } catch (error) {
      this.#writer.truncate(size);
      throw error;
    }
  }

  #value(value: RESPOutput, depth: number): void {
    const writer = this.#writer;
    const isRESP3 = this.version === 3;
    switch (typeof value) {
      case "string":
        return writer.bulk(BULK, value);
      case "number":
        return this.#number(value);
      case "bigint":
        if (isInt64(value)) return writer.line(INTEGER, String(value));
        return isRESP3 ? writer.line(BIG_NUMBER, String(value)) : writer.bulk(BULK, String(value));
      case "boolean":
        return isRESP3 ? writer.line(BOOLEAN, value ? "t" : "f") : writer.header(INTEGER, +value);
      default:
        return this.#object(value, depth);
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      return this.#writer.header(INTEGER, value);
    }
    this.#double(value);
  }

  #double(value: number): void {
    const text = textOfDouble(value);
    if (this.version === 3) this.#writer.line(DOUBLE, text);
    else this.#writer.bulk(BULK, text);
  }

  #object(value: Exclude<RESPOutput, string | number | bigint | boolean>, depth: number): void {
    const writer = this.#writer;
    if (value instanceof Uint8Array) return writer.bulk(BULK, value);
    if (value === null) return this.#null(BULK);
    if (value === NULL_ARRAY) return this.#null(ARRAY);
    if (value instanceof SimpleString) return writer.line(SIMPLE, value.text);
    if (value instanceof RESPDouble) return this.#double(value.value);
    if (value instanceof RESPError) {
      // A simple error has one line. Redis replaces line ends in the same way.
      return writer.line(ERROR, value.message.replaceAll(/[\r\n]/g, " "));
    }
    if (value instanceof VerbatimString) return this.#verbatim(value);
    this.#nested(value, depth + 1);
  }

  #null(type: number): void {
    if (this.version === 3) this.#writer.line(NULL, "");
    else this.#writer.header(type, -1);
  }

  #verbatim({ format, bytes }: VerbatimString): void {
    if (this.version === 2) return this.#writer.bulk(BULK, bytes);
    const whole = new Uint8Array(bytes.length + 4);
    whole.set(bytesOfText(`${format}:`));
    whole.set(bytes, 4);
    this.#writer.bulk(VERBATIM, whole);
  }

  #nested(
    value:
      | AttributedValue
      | readonly RESPOutput[]
      | ReadonlyMap<RESPOutput, RESPOutput>
      | ReadonlySet<RESPOutput>,
    depth: number,
  ): void {
    if (depth > MAX_DEPTH) {
      throw new RangeError(
        `Cannot encode a value as RESP: it has more than ${MAX_DEPTH} aggregates inside of each ` +
          "other",
      );
    }
    const isRESP3 = this.version === 3;
    if (value instanceof AttributedValue) {
      if (isRESP3) this.#map(ATTRIBUTE, value.attributes, value.attributes.size, depth);
      this.#value(value.value, depth);
    } else if (value instanceof Map) {
      if (isRESP3) this.#map(MAP, value, value.size, depth);
      else this.#map(ARRAY, value, value.size * 2, depth);
    } else if (value instanceof Set) {
      this.#aggregate(isRESP3 ? SET : ARRAY, value, value.size, depth);
    } else if (Array.isArray(value)) {
      this.#aggregate(ARRAY, value, value.length, depth);
    } else {
      throw new TypeError(`Cannot encode ${quote(value)} as RESP: RESP has no type for it`);
    }
  }

  #aggregate(type: number, values: Iterable<RESPOutput>, count: number, depth: number): void {
    this.#writer.header(type, count);
    for (const value of values) this.#value(value, depth);
  }

  #map(
    type: number,
    entries: ReadonlyMap<RESPOutput, RESPOutput>,
    count: number,
    depth: number,
  ): void {
    this.#writer.header(type, count);
    for (const [key, value] of entries) {
      this.#value(key, depth);
      this.#value(value, depth);
    }
  }
}

/**
 * Returns the bytes of a command.
 *
 * @param words The name and the arguments. Text is encoded as UTF-8, and numbers as decimal text.
 * @returns The bytes.
 * @throws {TypeError} when a word is of another type.
 * @throws {RangeError} when there is no word.
 *
 * @example
 * ```ts
 * import { encodeCommand } from "@torsion/reactor/resp";
 *
 * console.log(new TextDecoder().decode(encodeCommand(["SET", "counter", 10n])));
 * ```
 */
export function encodeCommand(words: readonly RESPArgument[]): Uint8Array<ArrayBuffer> {
  const encoder = new RESPEncoder(2, SINGLE);
  encoder.command(words);
  return encoder.take();
}

/**
 * Returns the bytes of a reply.
 *
 * @param value The value. {@linkcode RESPOutput} says how each type is encoded.
 * @param version The version of the protocol.
 * @returns The bytes.
 * @throws {TypeError} when a value is of another type.
 * @throws {RangeError} when aggregates are nested more than 1000 deep.
 *
 * @example
 * ```ts
 * import { encodeReply } from "@torsion/reactor/resp";
 *
 * const reply = new Map([["server", "torsion"]]);
 * console.log(new TextDecoder().decode(encodeReply(reply, 3)));
 * console.log(new TextDecoder().decode(encodeReply(reply, 2)));
 * ```
 */
export function encodeReply(value: RESPOutput, version: RESPVersion = 2): Uint8Array<ArrayBuffer> {
  const encoder = new RESPEncoder(version, SINGLE);
  encoder.reply(value);
  return encoder.take();
}

function textOrBytes(word: RESPArgument): string | Uint8Array {
  switch (typeof word) {
    case "string":
      return word;
    case "number":
    case "bigint":
      return String(word);
    default:
      if (word instanceof Uint8Array) return word;
      throw new TypeError(
        `Cannot encode ${quote(word)} in a command: a word is text, bytes or a number`,
      );
  }
}
