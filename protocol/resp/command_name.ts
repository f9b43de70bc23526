import { textOfBytes } from "../framing/byte_text.ts";

/** The greatest length of a name that is remembered, in bytes. */
const LONGEST = 16;
/** The number of names that are remembered: a power of two. */
const SLOTS = 128;

/** A name as a client has sent it, and in upper case. */
interface KnownName {
  readonly sent: Uint8Array;
  readonly name: string;
}

/** The names that were used last. A client sends few different ones, and each of them often. */
const known: (KnownName | undefined)[] = Array.from({ length: SLOTS });

/** Returns the name of a command, a part of `bytes`, in upper case. */
export function commandName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > LONGEST) return textOfBytes(bytes, start, end).toUpperCase();
  let slot = length;
  for (let i = start; i < end; i++) slot = (slot * 31 + (bytes[i] ?? 0)) & (SLOTS - 1);
  const entry = known[slot];
  if (entry !== undefined && isAt(bytes, start, length, entry.sent)) return entry.name;
  const name = textOfBytes(bytes, start, end).toUpperCase();
  known[slot] = { sent: bytes.slice(start, end), name };
  return name;
}

function isAt(bytes: Uint8Array, start: number, length: number, sent: Uint8Array): boolean {
  if (sent.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== sent[i]) return false;
  return true;
}
