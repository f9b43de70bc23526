import { latin1 } from "../framing/byte_text.ts";
import { CLASSES, HEX } from "./byte_classes.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";

const LF = 10;
const CR = 13;
/** The maximum length of the line before a chunk, in bytes. */
const MAX_LINE = 1024;
/** The maximum size of the extensions of all chunks of a body, in bytes, as in Node. */
const MAX_EXTENSIONS = 16384;
/** A size of so many hexadecimal digits is an exact number in JavaScript. */
const MAX_DIGITS = 13;
/**
 * The extensions of a chunk (RFC 9112, section 7.1.1). The whitespace that the RFC calls bad is
 * refused, because servers have read it differently.
 */
const EXTENSIONS = extensionsPattern();

function extensionsPattern(): RegExp {
  const token = "[\\w!#$%&'*+.^`|~-]+";
  const quoted = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
  return new RegExp(`^(?:;${token}(?:=(?:${token}|${quoted}))?)*$`);
}

/** The line before a chunk. */
export interface ChunkHeader {
  /** The size of the chunk in bytes; 0 after the last one. */
  readonly size: number;
  /** The index after the line. */
  readonly end: number;
}

/** Parses the lines before the chunks of a body. */
export class ChunkHeaderScanner {
  /** The number of bytes of the line that contain no LF. */
  #searched = 0;
  #extensionsSize = 0;

  /** Prepares for another body. */
  reset(): void {
    this.#searched = this.#extensionsSize = 0;
  }

  /**
   * Parses a line.
   *
   * @param bytes The bytes that have arrived.
   * @param start The index of the first byte of the line.
   * @param offset The number of bytes before that index in the input, for errors.
   * @returns The size of the chunk; `null` if the line is incomplete.
   * @throws {HTTPSyntaxError} when the line is invalid or too long.
   */
  scan(bytes: Uint8Array, start: number, offset: number): ChunkHeader | null {
    const end = Math.min(bytes.length, start + MAX_LINE);
    let at = start + this.#searched;
    while (at < end && bytes[at] !== LF) at++;
    this.#searched = at - start;
    if (at === end) {
      if (this.#searched < MAX_LINE) return null;
      throw new HTTPSyntaxError(400, `a chunk header beyond ${MAX_LINE} bytes`, offset);
    }
    this.#searched = 0;
    return { size: this.#sizeIn(bytes, start, at, offset), end: at + 1 };
  }

  #sizeIn(bytes: Uint8Array, start: number, lf: number, offset: number): number {
    let at = start;
    while (((CLASSES[bytes[at] ?? 0] ?? 0) & HEX) !== 0) at++;
    const isNumber = at > start && at - start <= MAX_DIGITS;
    if (!isNumber || bytes[lf - 1] !== CR) {
      throw new HTTPSyntaxError(400, "an invalid chunk size", offset);
    }
    const extensions = latin1(bytes, at, lf - 1);
    this.#extensionsSize += extensions.length;
    if (this.#extensionsSize > MAX_EXTENSIONS || !EXTENSIONS.test(extensions)) {
      throw new HTTPSyntaxError(400, "invalid chunk extensions", offset);
    }
    return parseInt(latin1(bytes, start, at), 16);
  }
}
