/**
 * The text of messages, which must be UTF-8.
 *
 * @module
 */

import { viewOf } from "./masking.ts";

/** Text of so many bytes is decoded faster without a call of the platform, if it is ASCII. */
const SHORT = 32;
/** `ignoreBOM` keeps a byte order mark, which is part of the text of a message. */
const OPTIONS = { fatal: true, ignoreBOM: true };
const STREAM = { stream: true };
const decoder = new TextDecoder("utf-8", OPTIONS);

/**
 * Decodes a text.
 *
 * @param bytes The memory with the text.
 * @param start The index of its first byte.
 * @param end The index after its last byte.
 * @returns The text; null if it is not UTF-8.
 */
export function decodeUTF8(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start <= SHORT) {
    const text = shortASCII(bytes, start, end);
    if (text !== null) return text;
  }
  try {
    return decoder.decode(viewOf(bytes, start, end));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Returns a text; null if not all of it is ASCII. */
function shortASCII(bytes: Uint8Array, start: number, end: number): string | null {
  for (let i = start; i < end; i++) {
    if ((bytes[i] ?? 0) > 0x7f) return null;
  }
  let text = "";
  let i = start;
  const at = (offset: number): number => bytes[i + offset] ?? 0;
  for (; i + 8 <= end; i += 8) {
    text += String.fromCharCode(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  }
  for (; i < end; i++) text += String.fromCharCode(at(0));
  return text;
}

/**
 * Checks whether a text is UTF-8 while it arrives in pieces. It notices a violation with the first
 * byte that no valid text could have at its place.
 */
export class UTF8Validator {
  readonly #decoder = new TextDecoder("utf-8", OPTIONS);

  /** Returns whether a text may continue with a piece. */
  accepts(piece: Uint8Array): boolean {
    return this.#decodes(piece, STREAM);
  }

  /** Returns whether a text may end here, and prepares for another. */
  acceptsEnd(): boolean {
    return this.#decodes(undefined, undefined);
  }

  #decodes(piece: Uint8Array | undefined, options: TextDecodeOptions | undefined): boolean {
    try {
      this.#decoder.decode(piece, options);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
}
