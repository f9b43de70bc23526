import { checkBound } from "../../internal/validation.ts";
import { BufferedDecoder } from "../framing/buffered_decoder.ts";
import { FrameTooLongError, FramingError } from "../framing/framing_error.ts";
import { AmpBox } from "./amp_box.ts";
import { type AmpError, MalformedAmpBox, TooLong } from "./errors.ts";
import { MAX_KEY_LENGTH } from "./wire_names.ts";

/** The empty key that ends a box, in bytes. */
const END = 2;
const keyDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Options of a {@linkcode BoxDecoder}. Twisted has no such limits. */
export interface BoxDecoderOptions {
  /**
   * The maximum length of a box in the wire format, in bytes.
   *
   * @default {1048576}
   */
  maxBoxLength?: number | undefined;
  /**
   * The maximum number of keys of a box.
   *
   * @default {1000}
   */
  maxKeys?: number | undefined;
}

/** Thrown when the key of a box exceeds 255 bytes. */
export class KeyTooLongError extends FrameTooLongError {}

/**
 * Decodes the boxes of AMP.
 *
 * The values are views of the memory in which the bytes arrived. `slice()` a value that is kept for
 * long.
 *
 * @example
 * ```ts
 * import { AmpBox, BoxDecoder } from "@torsion/reactor/amp";
 *
 * const decoder = new BoxDecoder();
 * decoder.push(new AmpBox({ a: "13", b: "81" }).serialize());
 * console.log(decoder.next());
 * ```
 */
export class BoxDecoder extends BufferedDecoder<AmpBox> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "AMP box";
  readonly #maxBoxLength: number;
  readonly #maxKeys: number;
  /** The keys of the incomplete box whose values have arrived. */
  readonly #keys: string[] = [];
  /** The offset of each value in the box, and the offset of its end. */
  readonly #bounds: number[] = [];
  /** The number of bytes of these keys and values. */
  #scanned = 0;

  /**
   * Creates a decoder.
   *
   * @param options The limits.
   * @throws {RangeError} when a limit is negative or not an integer.
   */
  constructor(options: BoxDecoderOptions = {}) {
    super();
    const { maxBoxLength = 1_048_576, maxKeys = 1000 } = options;
    checkBound("maxBoxLength", maxBoxLength, END);
    checkBound("maxKeys", maxKeys, 0);
    this.#maxBoxLength = maxBoxLength;
    this.#maxKeys = maxKeys;
  }

  /** Decodes the next box. */
  protected override decode(): AmpBox | null {
    const { buffer } = this;
    while (this.#hasArrived(this.#scanned + 2)) {
      const start = this.#scanned;
      const keyLength = this.#uint16(start);
      if (keyLength === 0) return this.#complete();
      this.#checkKey(keyLength);
      const valueAt = start + 4 + keyLength;
      this.#checkSize(valueAt + END);
      if (!this.#hasArrived(valueAt)) return null;
      const end = valueAt + this.#uint16(valueAt - 2);
      this.#checkSize(end + END);
      if (!this.#hasArrived(end)) return null;
      this.#keys.push(keyOf(buffer.peek(start + 2, valueAt - 2), buffer.offset + start + 2));
      this.#bounds.push(valueAt, end);
      this.#scanned = end;
    }
    return null;
  }

  /** Forgets the part of a box that has been read. */
  protected override reset(): void {
    this.#keys.length = 0;
    this.#bounds.length = 0;
    this.#scanned = 0;
  }

  /** Takes the bytes of a complete box out of the buffer. */
  #complete(): AmpBox {
    const bytes = this.buffer.take(this.#scanned, END);
    const box = new AmpBox();
    for (const [i, key] of this.#keys.entries()) {
      box.set(key, bytes.subarray(this.#bounds[2 * i], this.#bounds[2 * i + 1]));
    }
    this.reset();
    return box;
  }

  #hasArrived(size: number): boolean {
    const { buffer } = this;
    if (buffer.size >= size) return true;
    buffer.expect(size);
    return false;
  }

  #uint16(index: number): number {
    return this.buffer.byteAt(index) << 8 | this.buffer.byteAt(index + 1);
  }

  #checkKey(length: number): void {
    const { offset } = this.buffer;
    if (length > MAX_KEY_LENGTH) {
      const at = offset + this.#scanned;
      throw new KeyTooLongError("key of an AMP box", length, MAX_KEY_LENGTH, at);
    }
    if (this.#keys.length >= this.#maxKeys) {
      throw new FramingError(
        `Cannot receive an AMP box of more than ${this.#maxKeys} keys`,
        offset,
      );
    }
  }

  #checkSize(size: number): void {
    if (size <= this.#maxBoxLength) return;
    throw new FrameTooLongError(this.frameName, size, this.#maxBoxLength, this.buffer.offset);
  }
}

/** Decodes a key. */
function keyOf(bytes: Uint8Array, offset: number): string {
  let key = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return longKeyOf(bytes, offset);
    key += String.fromCharCode(byte);
  }
  return key;
}

function longKeyOf(bytes: Uint8Array, offset: number): string {
  try {
    return keyDecoder.decode(bytes);
  } catch {
    throw new FramingError("Cannot decode the key of an AMP box: it is not UTF-8", offset);
  }
}

/**
 * Returns the AMP error for a violation that a {@linkcode BoxDecoder} has found.
 *
 * @param error The violation.
 * @returns A `TooLong` for a key, and otherwise a `MalformedAmpBox`, with the violation as `cause`.
 */
export function ampErrorOf(error: FramingError): AmpError {
  const { message } = error;
  if (!(error instanceof KeyTooLongError)) return new MalformedAmpBox(message, { cause: error });
  const { length } = error;
  return new TooLong(message, { isKey: true, isLocal: false, length, cause: error });
}

/**
 * Returns the boxes that some bytes contain. Twisted's `parseString`.
 *
 * @param data The bytes of complete boxes.
 * @returns The boxes. Their values are views of `data`.
 * @throws {TooLong} when a key exceeds 255 bytes.
 * @throws {MalformedAmpBox} when the last box is incomplete, or a key is not UTF-8. Twisted ignores
 *   an incomplete box.
 */
export function parseString(data: Uint8Array): AmpBox[] {
  const decoder = new BoxDecoder({ maxBoxLength: Infinity, maxKeys: Infinity });
  decoder.push(data);
  const boxes: AmpBox[] = [];
  try {
    for (let box = decoder.next(); box !== null; box = decoder.next()) boxes.push(box);
    decoder.finish();
  } catch (error) {
    throw error instanceof FramingError ? ampErrorOf(error) : error;
  }
  return boxes;
}
