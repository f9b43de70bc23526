import { checkBound } from "../../internal/validation.ts";
import { BufferedDecoder } from "./buffered_decoder.ts";
import { FrameTooLongError, FramingError } from "./framing_error.ts";

const ZERO = 0x30;
const COLON = 0x3a;
const COMMA = 0x2c;
const encoder = new TextEncoder();

/** Options of a {@linkcode NetstringDecoder}. */
export interface NetstringDecoderOptions {
  /**
   * The maximum length of a string, in bytes.
   *
   * @default {99999}
   */
  maxLength?: number | undefined;
}

/** Thrown when received bytes are not a netstring. Twisted's `NetstringParseError`. */
export class NetstringParseError extends FramingError {
  /** The error's name. */
  override readonly name = "NetstringParseError";
}

/**
 * Decodes netstrings: `5:hello,` is the string `hello`. The format is defined in
 * https://cr.yp.to/proto/netstrings.txt. A length with a leading zero is malformed.
 *
 * @example
 * ```ts
 * import { encodeNetstring, NetstringDecoder } from "@torsion/reactor/protocol";
 *
 * const decoder = new NetstringDecoder({ maxLength: 1000 });
 * decoder.push(encodeNetstring("hello"));
 * console.log(decoder.next());
 * ```
 */
export class NetstringDecoder extends BufferedDecoder<Uint8Array> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "netstring";
  #maxLength = 99999;
  /** The number of digits of the length that have been read. */
  #digits = 0;
  /** The value of these digits. */
  #length = 0;
  /** Whether the colon after the length has been read. */
  #hasLength = false;

  /**
   * Creates a decoder.
   *
   * @param options The limit.
   * @throws {RangeError} when `maxLength` is negative or not an integer.
   */
  constructor(options: NetstringDecoderOptions = {}) {
    super();
    const { maxLength = 99999 } = options;
    this.maxLength = maxLength;
  }

  /**
   * The maximum length of a string, in bytes. A change takes effect with the next string. It must
   * be an integer of at least 0, or `Infinity`.
   */
  get maxLength(): number {
    return this.#maxLength;
  }

  set maxLength(maxLength: number) {
    checkBound("maxLength", maxLength, 0);
    this.#maxLength = maxLength;
  }

  /** Decodes the next string. */
  protected override decode(): Uint8Array | null {
    const { buffer } = this;
    if (!this.#hasLength && !this.#readLength()) return null;
    const start = this.#digits + 1;
    const end = start + this.#length;
    if (buffer.size <= end) {
      buffer.expect(end + 1);
      return null;
    }
    if (buffer.byteAt(end) !== COMMA) {
      throw this.#malformed("its last byte must be a comma", end);
    }
    buffer.skip(start);
    const string = buffer.take(this.#length, 1);
    this.reset();
    return string;
  }

  /** Forgets the length that has been read. */
  protected override reset(): void {
    this.#digits = 0;
    this.#length = 0;
    this.#hasLength = false;
  }

  /** Reads the length, digit by digit. Returns whether it is complete. */
  #readLength(): boolean {
    const { buffer } = this;
    const limit = Math.min(this.maxLength, Number.MAX_SAFE_INTEGER - 32);
    for (; this.#digits < buffer.size; this.#digits++) {
      const byte = buffer.byteAt(this.#digits);
      if (byte === COLON && this.#digits > 0) {
        this.#hasLength = true;
        return true;
      }
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) {
        throw this.#malformed("its length must be digits and a colon", this.#digits);
      }
      if (this.#length === 0 && this.#digits > 0) {
        throw this.#malformed("its length must not begin with a zero", this.#digits);
      }
      this.#length = this.#length * 10 + digit;
      if (this.#length > limit) {
        throw new FrameTooLongError(this.frameName, this.#length, this.maxLength, buffer.offset);
      }
    }
    return false;
  }

  /** Returns an error for the byte at `index` of the buffer. */
  #malformed(reason: string, index: number): NetstringParseError {
    const byte = this.buffer.byteAt(index).toString(16).padStart(2, "0");
    return new NetstringParseError(
      `Cannot decode a netstring: ${reason}, got the byte 0x${byte}`,
      this.buffer.offset + index,
    );
  }
}

/**
 * Returns a netstring.
 *
 * @param data The bytes, or a string that is encoded as UTF-8.
 * @returns The length in decimal digits, a colon, the bytes and a comma.
 *
 * @example
 * ```ts
 * import { encodeNetstring } from "@torsion/reactor/protocol";
 *
 * console.log(new TextDecoder().decode(encodeNetstring("hello"))); // 5:hello,
 * ```
 */
export function encodeNetstring(data: Uint8Array | string): Uint8Array {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const prefix = `${bytes.length}:`;
  const netstring = new Uint8Array(prefix.length + bytes.length + 1);
  for (let i = 0; i < prefix.length; i++) netstring[i] = prefix.charCodeAt(i);
  netstring.set(bytes, prefix.length);
  netstring[netstring.length - 1] = COMMA;
  return netstring;
}
