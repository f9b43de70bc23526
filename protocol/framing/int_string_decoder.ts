import { checkBound, checkInteger } from "../../internal/validation.ts";
import { BufferedDecoder } from "./buffered_decoder.ts";
import { FrameTooLongError, IncompleteFrameError } from "./framing_error.ts";

const encoder = new TextEncoder();

/** The format of a length prefix. */
export interface LengthPrefix {
  /** The length of the prefix: an integer from 1 to 8 bytes. */
  prefixLength: number;
  /**
   * Whether the least significant byte comes first.
   *
   * @default {false}
   */
  littleEndian?: boolean | undefined;
}

/** Options of an {@linkcode IntStringDecoder}. */
export interface IntStringDecoderOptions extends LengthPrefix {
  /**
   * The maximum length of a string, in bytes, without its prefix.
   *
   * @default {99999}
   */
  maxLength?: number | undefined;
}

/** Thrown when a string is too long for its length prefix. Twisted's `StringTooLongError`. */
export class StringTooLongError extends RangeError {
  /** The error's name. */
  override readonly name = "StringTooLongError";
}

/**
 * Decodes strings that begin with their length, as an unsigned integer of 1 to 8 bytes.
 *
 * @example
 * ```ts
 * import { encodeIntString, IntStringDecoder } from "@torsion/reactor/protocol";
 *
 * const decoder = new IntStringDecoder({ prefixLength: 2 });
 * decoder.push(encodeIntString("hello", { prefixLength: 2 }));
 * console.log(decoder.next());
 * ```
 */
export class IntStringDecoder extends BufferedDecoder<Uint8Array> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "length-prefixed string";
  #maxLength = 99999;
  readonly #prefixLength: number;
  readonly #littleEndian: boolean;
  /** The length of the incomplete string; -1 before its prefix has arrived. */
  #length = -1;
  /** The number of bytes still to skip. */
  #toSkip = 0;

  /**
   * Creates a decoder.
   *
   * @param options The format and the limit.
   * @throws {RangeError} when `prefixLength` is not an integer from 1 to 8, or `maxLength` is
   *   negative or not an integer.
   */
  constructor(options: IntStringDecoderOptions) {
    super();
    const { prefixLength, littleEndian = false, maxLength = 99999 } = options;
    checkInteger("prefixLength", prefixLength, 1, 8);
    this.#prefixLength = prefixLength;
    this.#littleEndian = littleEndian;
    this.maxLength = maxLength;
  }

  /**
   * The maximum length of a string, in bytes, without its prefix. A change takes effect with the
   * next string. It must be an integer of at least 0, or `Infinity`.
   */
  get maxLength(): number {
    return this.#maxLength;
  }

  set maxLength(maxLength: number) {
    checkBound("maxLength", maxLength, 0);
    this.#maxLength = maxLength;
  }

  /**
   * Skips the string for which {@linkcode next} has thrown a `FrameTooLongError`: its bytes are
   * removed as they arrive, and the next frame is the string after it. Does nothing if there is no
   * such string, or its bytes were removed.
   */
  skip(): void {
    if (this.failure === null) return;
    this.#toSkip = this.#prefixLength + this.#readPrefix();
    this.recover();
    this.#skipBuffered();
  }

  /**
   * Declares the end of the input.
   *
   * @throws {IncompleteFrameError} when the input ends within a string.
   * @throws {FramingError} when a string was too long.
   */
  override finish(): void {
    if (this.#toSkip > 0) throw new IncompleteFrameError(this.frameName, 0, this.buffer.offset);
    super.finish();
  }

  /**
   * Removes the bytes that belong to no frame that was returned, and prepares the decoder for a new
   * frame.
   */
  override takeRest(): Uint8Array {
    this.#toSkip = 0;
    return super.takeRest();
  }

  /** Decodes the next string. */
  protected override decode(): Uint8Array | null {
    const { buffer } = this;
    if (this.#toSkip > 0 && !this.#skipBuffered()) return null;
    if (this.#length < 0) {
      if (buffer.size < this.#prefixLength) return null;
      const length = this.#readPrefix();
      // A length above the greatest safe integer is not exact, and cannot be counted down.
      if (length > this.maxLength || length > Number.MAX_SAFE_INTEGER - 32) {
        throw new FrameTooLongError(this.frameName, length, this.maxLength, buffer.offset);
      }
      this.#length = length;
    }
    const end = this.#prefixLength + this.#length;
    if (buffer.size < end) {
      buffer.expect(end);
      return null;
    }
    buffer.skip(this.#prefixLength);
    const string = buffer.take(this.#length);
    this.#length = -1;
    return string;
  }

  /** Forgets the length that has been read. */
  protected override reset(): void {
    this.#length = -1;
  }

  #readPrefix(): number {
    const { buffer } = this;
    const last = this.#prefixLength - 1;
    let length = 0;
    for (let i = 0; i <= last; i++) {
      length = length * 256 + buffer.byteAt(this.#littleEndian ? last - i : i);
    }
    return length;
  }

  /** Removes bytes to skip. Returns whether all of them have arrived. */
  #skipBuffered(): boolean {
    const count = Math.min(this.#toSkip, this.buffer.size);
    this.buffer.skip(count);
    this.#toSkip -= count;
    return this.#toSkip === 0;
  }
}

/**
 * Returns a string with its length in front.
 *
 * @param data The bytes, or a string that is encoded as UTF-8.
 * @param prefix The format of the prefix.
 * @returns The prefix and the bytes.
 * @throws {StringTooLongError} when the length does not fit into the prefix.
 *
 * @example
 * ```ts
 * import { encodeIntString } from "@torsion/reactor/protocol";
 *
 * console.log(encodeIntString("abc", { prefixLength: 2 })); // 0, 3, 97, 98, 99
 * ```
 */
export function encodeIntString(data: Uint8Array | string, prefix: LengthPrefix): Uint8Array {
  const { prefixLength, littleEndian = false } = prefix;
  checkInteger("prefixLength", prefixLength, 1, 8);
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const limit = 256 ** prefixLength - 1;
  if (bytes.length > limit) {
    throw new StringTooLongError(
      `Cannot encode a string of ${bytes.length} bytes: ` +
        `the limit of a prefix of ${prefixLength} bytes is ${limit}`,
    );
  }
  const encoded = new Uint8Array(prefixLength + bytes.length);
  let rest = bytes.length;
  for (let i = 0; i < prefixLength; i++) {
    encoded[littleEndian ? i : prefixLength - 1 - i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  encoded.set(bytes, prefixLength);
  return encoded;
}
