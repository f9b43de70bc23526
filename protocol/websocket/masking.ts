/**
 * The masking of frames (RFC 6455, section 5.3), four bytes at a time.
 *
 * A key is a 32-bit word whose bytes are in memory in the order of the frame, whatever the byte
 * order of the machine.
 *
 * @module
 */

import { viewOf } from "../framing/byte_text.ts";

const key = new Uint32Array(1);
const keyBytes = new Uint8Array(key.buffer);
/** Payloads of fewer bytes are masked byte by byte, which then takes less than a view of words. */
const SHORT = 48;

/** Returns the key of four bytes at an index. */
export function maskingKeyAt(bytes: Uint8Array, at: number): number {
  keyBytes[0] = bytes[at] ?? 0;
  keyBytes[1] = bytes[at + 1] ?? 0;
  keyBytes[2] = bytes[at + 2] ?? 0;
  keyBytes[3] = bytes[at + 3] ?? 0;
  return key[0] ?? 0;
}

/** Writes a key to memory. */
export function writeMaskingKey(word: number, bytes: Uint8Array, at: number): void {
  key[0] = word;
  bytes.set(keyBytes, at);
}

/** Returns the key for a payload of which bytes have been left out at the beginning. */
export function rotatedKey(word: number, count: number): number {
  const shift = count & 3;
  if (shift === 0) return word;
  key[0] = word;
  const [a = 0, b = 0, c = 0, d = 0] = keyBytes;
  const bytes = [a, b, c, d];
  for (let i = 0; i < 4; i++) keyBytes[i] = bytes[shift + i & 3] ?? 0;
  return key[0] ?? 0;
}

/**
 * Copies a payload and masks or unmasks the copy.
 *
 * @param bytes The memory with the payload.
 * @param start The index of its first byte.
 * @param length The number of its bytes.
 * @param word The key.
 * @param target The memory for the copy.
 * @param at The index of the first byte of the copy.
 */
export function copyMasked(
  bytes: Uint8Array,
  start: number,
  length: number,
  word: number,
  target: Uint8Array,
  at: number,
): void {
  if (length < SHORT) return copyShort(bytes, start, length, word, target, at);
  target.set(viewOf(bytes, start, start + length), at);
  maskInPlace(target, at, length, word);
}

/**
 * Masks or unmasks a payload in place.
 *
 * @param bytes The memory with the payload.
 * @param start The index of its first byte.
 * @param length The number of its bytes.
 * @param word The key.
 */
export function maskInPlace(bytes: Uint8Array, start: number, length: number, word: number): void {
  if (length < SHORT) return maskBytes(bytes, start, start + length, word);
  const first = bytes.byteOffset + start;
  const lead = -first & 3;
  maskBytes(bytes, start, start + lead, word);
  const inner = rotatedKey(word, lead);
  const count = (length - lead) >>> 2;
  maskWords(new Uint32Array(bytes.buffer, first + lead, count), 0, count, inner);
  maskBytes(bytes, start + lead + count * 4, start + length, inner);
}

function copyShort(
  bytes: Uint8Array,
  start: number,
  length: number,
  word: number,
  target: Uint8Array,
  at: number,
): void {
  key[0] = word;
  for (let i = 0; i < length; i++) {
    target[at + i] = (bytes[start + i] ?? 0) ^ (keyBytes[i & 3] ?? 0);
  }
}

function maskBytes(bytes: Uint8Array, from: number, to: number, word: number): void {
  copyShort(bytes, from, to - from, word, bytes, from);
}

/** Masks or unmasks words. Four at a time take two thirds of the time. */
function maskWords(words: Uint32Array, from: number, to: number, word: number): void {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    words[i] = (words[i] ?? 0) ^ word;
    words[i + 1] = (words[i + 1] ?? 0) ^ word;
    words[i + 2] = (words[i + 2] ?? 0) ^ word;
    words[i + 3] = (words[i + 3] ?? 0) ^ word;
  }
  for (; i < to; i++) words[i] = (words[i] ?? 0) ^ word;
}
