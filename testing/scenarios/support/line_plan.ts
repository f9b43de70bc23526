/**
 * Random lines and raw data, and the commands that announce them.
 *
 * @module
 */

import type { RandomStream } from "../../simulation/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const DELIMITERS = ["\r\n", "\n", "\0", "\r\n\r\n", "--", "ä"];
/** The bytes of lines: many of them are a part of a delimiter. */
const ALPHABET = encoder.encode("ab\r\n-\0").map((byte, i) => i === 0 ? 0xc3 : byte);
const RAW = "RAW ";
const DELIMITER = "DELIMITER ";
const NONE = new Uint8Array();

/** One thing that is sent. */
export interface Item {
  /** A line that is too long is skipped by its receiver, an unfinished one never arrives. */
  readonly kind: "line" | "raw" | "long line" | "unfinished";
  /** The bytes, without a delimiter. */
  readonly bytes: Uint8Array;
  /** The delimiter that follows the bytes. */
  readonly delimiter: Uint8Array;
}

/** What one connection sends. */
export interface Plan {
  readonly items: readonly Item[];
  /** Whether the plan contains raw data. */
  readonly isRaw: boolean;
}

/** Options of {@linkcode planLines}. */
export interface PlanOptions {
  /** The number of items, without those that announce others. */
  readonly count: number;
  /** Whether the receiver has a raw mode. */
  readonly isRaw: boolean;
  /** The length of the longest line that the receiver accepts, in bytes. */
  readonly longest: number;
}

/** Returns a random plan. */
export function planLines(random: RandomStream, { count, isRaw, longest }: PlanOptions): Plan {
  let delimiter = encoder.encode("\r\n");
  const items: Item[] = [];
  const line = (text: string) =>
    items.push({ kind: "line", bytes: encoder.encode(text), delimiter });
  for (let i = 0; i < count; i++) {
    const choice = random.below(20);
    if (choice === 0) {
      const next = random.pick(DELIMITERS);
      line(DELIMITER + [...encoder.encode(next)].join("."));
      delimiter = encoder.encode(next);
    } else if (choice < 4 && isRaw) {
      const bytes = randomBytes(random, random.between(1, 4 * longest));
      line(RAW + bytes.length);
      items.push({ kind: "raw", bytes, delimiter: NONE });
    } else if (choice === 4) {
      const bytes = randomLine(random, random.between(longest + 1, 4 * longest), delimiter);
      items.push({ kind: "long line", bytes, delimiter });
    } else {
      const most = random.below(8) === 0 ? longest : 20;
      const length = most === longest ? longest : random.between(0, most);
      items.push({ kind: "line", bytes: randomLine(random, length, delimiter), delimiter });
    }
  }
  if (random.below(3) === 0) {
    const bytes = randomLine(random, random.between(1, longest), delimiter);
    items.push({ kind: "unfinished", bytes, delimiter: NONE });
  }
  return { items, isRaw };
}

/** Returns bytes as text: one character for each byte. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Returns the number of raw bytes that a line announces; `null` if it announces none. */
export function rawLength(line: Uint8Array): number | null {
  const text = textOf(line);
  return text.startsWith(RAW) ? Number(text.slice(RAW.length)) : null;
}

/** Returns the delimiter to which a line changes; `null` if it changes none. */
export function newDelimiter(line: Uint8Array): Uint8Array | null {
  const text = textOf(line);
  if (!text.startsWith(DELIMITER)) return null;
  return Uint8Array.from(text.slice(DELIMITER.length).split("."), Number);
}

/** Returns the index of the first occurrence of bytes; -1 if there is none. */
export function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function randomBytes(random: RandomStream, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.pick([...ALPHABET]));
}

/** Returns a line in which no delimiter begins. */
function randomLine(random: RandomStream, length: number, delimiter: Uint8Array): Uint8Array {
  const line = randomBytes(random, length);
  const filler = "x".charCodeAt(0);
  for (;;) {
    const at = indexOfBytes(Uint8Array.of(...line, ...delimiter), delimiter);
    if (at === line.length) return line;
    line[at] = filler;
  }
}
