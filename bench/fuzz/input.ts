/**
 * An input of a parser: its bytes, and the sizes of the chunks in which they arrive.
 *
 * @module
 */

import { magnitude, type Random } from "../chaos/plan.ts";

/** Bytes, and their split into chunks. */
export interface Input {
  readonly bytes: Uint8Array;
  /** The sizes of the chunks, in turn; the sequence is repeated until the bytes are used up. */
  readonly sizes: readonly number[];
}

/** Returns the chunks of an input: new memory for each. */
export function chunksOf({ bytes, sizes }: Input): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + (sizes[i % sizes.length] ?? bytes.length);
    chunks.push(bytes.slice(start, end));
    start = end;
  }
  return chunks;
}

/** Returns bytes as a string with one character per byte, as in the files of `corpus/`. */
export function textOf(bytes: Uint8Array): string {
  return JSON.stringify(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll(/[\x7f-\xff]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

/** Returns the bytes of a text that `textOf()` made. */
export function bytesOf(text: string): Uint8Array {
  const content: unknown = JSON.parse(text);
  if (typeof content !== "string") {
    throw new TypeError(`Cannot read an input: it must be a JSON string, got ${text}`);
  }
  return Uint8Array.from(content, (char) => char.charCodeAt(0));
}

/**
 * The greatest size of a chunk, in bytes: larger than the part of a chunk that a decoder copies to
 * join it with the chunk before.
 */
const MAX_CHUNK = 256;

/** Draws the sizes of chunks. */
export function randomSizes(random: Random): number[] {
  if (random() < 0.2) return [1];
  return Array.from({ length: magnitude(random, 1, 8) }, () => magnitude(random, 1, MAX_CHUNK));
}
