/**
 * What a protocol writes, as bytes.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import { checkMemory } from "../stream/written_data.ts";

/**
 * The bytes of one datagram that is written in pieces.
 *
 * @returns A single piece of bytes as it is; else a copy.
 * @throws {TypeError} when a piece is neither bytes nor a string, or when its memory has been detached.
 */
export function datagramBytes(pieces: Iterable<Uint8Array | string>): Uint8Array {
  const chunks = [...pieces].map((piece) => {
    if (typeof piece === "string") return new TextEncoder().encode(piece);
    if (piece instanceof Uint8Array) {
      if (piece.length === 0) checkMemory("write", piece);
      return piece;
    }
    throw new TypeError(`A datagram must be a Uint8Array or a string, got ${quote(piece)}`);
  });
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const datagram = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let filled = 0;
  for (const chunk of chunks) {
    datagram.set(chunk, filled);
    filled += chunk.length;
  }
  return datagram;
}
