import { checkBound } from "../../internal/validation.ts";
import { visibleText } from "../../internal/visible_text.ts";
import { FramingError } from "../framing/framing_error.ts";
import { ContiguousDecoder } from "../framing/contiguous_decoder.ts";
import { splitInlineWords } from "./inline_words.ts";
import { RESPCommand } from "./resp_command.ts";
import { integerIn } from "./resp_numbers.ts";
import { type CommandLimits, shortCommandBounds } from "./short_command.ts";

const CR = 13;
const LF = 10;
const STAR = 0x2a;
const DOLLAR = 0x24;
/** The line end after a header or the bytes of a bulk string. */
const END = 2;
/** The length of the shortest argument with its header. */
const SHORTEST = 6;
/** The greatest length of the header of a command or a bulk string, in bytes. */
const MAX_HEADER_LENGTH = 20;

/** Options of a {@linkcode CommandDecoder}. */
export interface CommandDecoderOptions {
  /**
   * The maximum length of an argument, in bytes. Redis's `proto-max-bulk-len` is 512 MiB.
   *
   * @default {8388608}
   */
  maxBulkLength?: number | undefined;
  /**
   * The maximum number of arguments of a command, its name included.
   *
   * @default {65536}
   */
  maxArguments?: number | undefined;
  /**
   * The maximum length of a command in the wire format, in bytes.
   *
   * @default {16777216}
   */
  maxLength?: number | undefined;
  /**
   * The maximum length of an inline command, in bytes, without its line end. Redis has the same.
   *
   * @default {65536}
   */
  maxInlineLength?: number | undefined;
}

/** Thrown when received bytes are not a command, or a command exceeds a limit. */
export class CommandSyntaxError extends FramingError {
  /** The error's name. */
  override readonly name = "CommandSyntaxError";
  /** The reason, in the words that Redis sends to the client, such as `invalid bulk length`. */
  readonly reason: string;

  /**
   * Creates the error.
   *
   * @param reason The reason, in the words of Redis.
   * @param offset Bytes between the beginning of the input and the violation.
   */
  constructor(reason: string, offset: number) {
    super(`Cannot receive a command: ${reason}`, offset);
    this.reason = reason;
  }
}

/**
 * Decodes the commands that clients send to a Redis server: arrays of bulk strings, and inline
 * commands. A {@linkcode RESPDecoder} decodes the other direction.
 *
 * Like Redis, it skips empty arrays and empty lines. It is stricter in one point: line ends must be
 * CR LF, except that of an inline command, which may be LF.
 *
 * No memory is reserved for an announced length or number of arguments.
 *
 * @example
 * ```ts
 * import { CommandDecoder } from "@torsion/reactor/resp";
 *
 * const decoder = new CommandDecoder();
 * decoder.push(new TextEncoder().encode('*1\r\n$4\r\nPING\r\nset greeting "hello world"\n'));
 * console.log(decoder.next()?.name); // PING
 * console.log(decoder.next()?.texts()); // ["greeting", "hello world"]
 * ```
 */
export class CommandDecoder extends ContiguousDecoder<RESPCommand> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "command";
  readonly #limits: CommandLimits;
  readonly #maxInlineLength: number;

  // The state of the incomplete command. Positions count from its beginning.
  /** The number of bytes that have been read. */
  #read = 0;
  /** There is no line end before this position. */
  #searched = 0;
  /** The number of arguments that are missing; -1 before the header has been read. */
  #missing = -1;
  /** The length of the argument whose header has been read; -1 if there is none. */
  #bulkLength = -1;
  #bounds: number[] = [];

  /**
   * Creates a decoder.
   *
   * @param options The limits.
   * @throws {RangeError} when a limit is negative or not an integer.
   */
  constructor(options: CommandDecoderOptions = {}) {
    super();
    const {
      maxBulkLength = 8_388_608,
      maxArguments = 65_536,
      maxLength = 16_777_216,
      maxInlineLength = 65_536,
    } = options;
    checkBound("maxBulkLength", maxBulkLength, 0);
    checkBound("maxArguments", maxArguments, 1);
    checkBound("maxLength", maxLength, 1);
    checkBound("maxInlineLength", maxInlineLength, 0);
    this.#limits = { maxBulkLength, maxArguments, maxLength };
    this.#maxInlineLength = maxInlineLength;
  }

  /** Parses a command. */
  protected override parse(bytes: Uint8Array, from: number): RESPCommand | null {
    const short = this.#missing < 0 ? shortCommandBounds(bytes, from, this.#limits) : null;
    if (short !== null) {
      this.advance(from + (short.at(-1) ?? 0) + END);
      return new RESPCommand(bytes, from, short, this.memory);
    }
    let start = from;
    while (this.#missing < 0) {
      const first = bytes[start];
      if (first === undefined) return null;
      const next = first === STAR ? this.#header(bytes, start) : this.#inline(bytes, start);
      if (next instanceof RESPCommand) return next;
      if (next < 0) return null;
      start = next;
    }
    if (!this.#arguments(bytes, start)) return null;
    const command = new RESPCommand(bytes, start, this.#bounds, this.memory);
    const end = start + this.#read;
    this.#clear();
    this.advance(end);
    return command;
  }

  /** Forgets the part of a command that has been read. */
  protected override reset(): void {
    this.#clear();
    super.reset();
  }

  #clear(): void {
    this.#read = 0;
    this.#searched = 0;
    this.#missing = -1;
    this.#bulkLength = -1;
    this.#bounds = [];
  }

  /** Skips bytes that are not a command. Returns the index after them. */
  #skip(end: number): number {
    this.#searched = 0;
    this.advance(end);
    return end;
  }

  /**
   * Reads the number of arguments.
   *
   * @returns The index of the first byte of the command, or of the next one if it is empty; -1 if
   *   more bytes are needed.
   */
  #header(bytes: Uint8Array, start: number): number {
    const end = this.#headerEnd(bytes, start, start, "mbulk count");
    if (end < 0) return -1;
    const count = integerIn(bytes, start + 1, end);
    if (!(count <= this.#limits.maxArguments)) throw this.#error("invalid multibulk length", start);
    if (count <= 0) return this.#skip(end + END);
    this.#missing = count;
    this.#read = end + END - start;
    return start;
  }

  /** Reads the arguments that have arrived. Returns whether all have. */
  #arguments(bytes: Uint8Array, start: number): boolean {
    while (this.#missing > 0) {
      if (this.#bulkLength < 0 && !this.#argumentHeader(bytes, start)) return false;
      const from = start + this.#read;
      const to = from + this.#bulkLength;
      if (bytes.length < to + END) {
        this.expect(to + END - start);
        return false;
      }
      if (bytes[to] !== CR || bytes[to + 1] !== LF) {
        throw this.#error("expected CRLF after a bulk string", to);
      }
      this.#bounds.push(this.#read, to - start);
      this.#read = to + END - start;
      this.#bulkLength = -1;
      this.#missing--;
    }
    return true;
  }

  #argumentHeader(bytes: Uint8Array, start: number): boolean {
    const at = start + this.#read;
    if (at + SHORTEST > start + this.#limits.maxLength) throw this.#tooLong(start);
    const type = bytes[at];
    if (type === undefined) return false;
    if (type !== DOLLAR) throw this.#error(`expected '$', got '${visibleByte(type)}'`, at);
    const end = this.#headerEnd(bytes, start, at, "bulk count");
    if (end < 0) return false;
    const length = integerIn(bytes, at + 1, end);
    if (!(length >= 0 && length <= this.#limits.maxBulkLength)) {
      throw this.#error("invalid bulk length", at);
    }
    const read = end + END - start;
    if (read + length + END > this.#limits.maxLength) throw this.#tooLong(start);
    this.#read = read;
    this.#bulkLength = length;
    return true;
  }

  /** Returns the index of the line end of a header; -1 if it is missing. */
  #headerEnd(bytes: Uint8Array, start: number, at: number, what: string): number {
    const lastOfCommand = start + this.#limits.maxLength - END;
    for (let i = at + 1; i < bytes.length; i++) {
      if (i > lastOfCommand) throw this.#tooLong(start);
      if (i > at + MAX_HEADER_LENGTH) throw this.#error(`too big ${what} string`, at);
      const byte = bytes[i];
      if (byte === LF) throw this.#error("expected CR before LF", i);
      if (byte !== CR) continue;
      if (i + 1 === bytes.length) break;
      if (bytes[i + 1] === LF) return i;
      throw this.#error("expected LF after CR", i);
    }
    return -1;
  }

  /**
   * Reads an inline command.
   *
   * @returns The command; the index after the line if the line is empty; -1 if more bytes are
   *   needed.
   */
  #inline(bytes: Uint8Array, start: number): RESPCommand | number {
    const lineFeed = bytes.indexOf(LF, start + this.#searched);
    const arrived = (lineFeed < 0 ? bytes.length : lineFeed) - start;
    // A carriage return at the end may belong to the line end.
    const isCR = arrived > 0 && bytes[start + arrived - 1] === CR;
    const length = isCR ? arrived - 1 : arrived;
    if (length > this.#maxInlineLength) throw this.#error("too big inline request", start);
    if (lineFeed < 0) {
      this.#searched = arrived;
      return -1;
    }
    const words = splitInlineWords(bytes.subarray(start, start + length));
    if (words === null) throw this.#error("unbalanced quotes in request", start);
    const end = this.#skip(lineFeed + 1);
    return words.bounds.length === 0 ? end : new RESPCommand(words.bytes, 0, words.bounds);
  }

  #tooLong(start: number): CommandSyntaxError {
    return this.#error(`command exceeds ${this.#limits.maxLength} bytes`, start);
  }

  #error(reason: string, index: number): CommandSyntaxError {
    return new CommandSyntaxError(reason, this.offsetOf(index));
  }
}

/** Returns a byte as an error message shows it. */
function visibleByte(byte: number): string {
  return visibleText(String.fromCharCode(byte), { newlines: "escaped" });
}
