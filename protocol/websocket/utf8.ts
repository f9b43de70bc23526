/**
 * The text of messages, which must be UTF-8.
 *
 * @module
 */

import { exactText, textOfBytes, viewOf } from "../framing/byte_text.ts";

/** Text of so many bytes is decoded faster without a call of the platform, if it is ASCII. */
const SHORT = 32;
/** `ignoreBOM` keeps a byte order mark, which is part of the text of a message. */
const OPTIONS = { fatal: true, ignoreBOM: true };
const STREAM = { stream: true };

/**
 * Decodes a text.
 *
 * @param bytes The memory with the text.
 * @param start The index of its first byte.
 * @param end The index after its last byte.
 * @returns The text; null if it is not UTF-8.
 */
export function decodeUTF8(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start <= SHORT && isASCII(bytes, start, end)) return textOfBytes(bytes, start, end);
  return exactText(viewOf(bytes, start, end));
}

function isASCII(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if ((bytes[i] ?? 0) > 0x7f) return false;
  }
  return true;
}

/**
 * Checks whether a text is UTF-8 while it arrives in pieces. It notices a violation with the first
 * byte that no valid text could have at its place.
 */
export class UTF8Validator {
  readonly #decoder = new TextDecoder("utf-8", OPTIONS);

  /** Returns whether a text may continue with a piece. */
  accepts(piece: Uint8Array): boolean {
    try {
      this.#decoder.decode(piece, STREAM);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
}
