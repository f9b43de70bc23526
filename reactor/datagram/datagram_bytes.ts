/**
 * Conversion of written data to the bytes of a datagram.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import { checkMemory } from "../stream/written_data.ts";

/**
 * Returns the bytes of one datagram.
 *
 * @param pieces The chunks of the datagram, as bytes or as strings to be encoded as UTF-8.
 * @returns The chunk itself if it is the only one and consists of bytes, and otherwise a copy.
 * @throws {TypeError} If a chunk is neither bytes nor a string, or if its buffer has been detached.
 */
export function datagramBytes(pieces: Iterable<Uint8Array | string>): Uint8Array {
  const chunks = [...pieces].map((piece) => {
    if (typeof piece === "string") return new TextEncoder().encode(piece);
    if (piece instanceof Uint8Array) {
      if (piece.length === 0) checkMemory("write", piece);
      return piece;
    }
    throw new TypeError(
      `Cannot write a datagram: it must be a Uint8Array or a string, got ${quote(piece)}`,
    );
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
