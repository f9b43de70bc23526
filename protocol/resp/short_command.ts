const CR = 13;
const LF = 10;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
/** The line end after a header or the bytes of a bulk string. */
const END = 2;
/** The length of the shortest word with its header. */
const SHORTEST_WORD = 6;
/** The length of the shortest command. */
const SHORTEST = 4 + SHORTEST_WORD;

/** Limits of a command. */
export interface CommandLimits {
  readonly maxBulkLength: number;
  readonly maxArguments: number;
  readonly maxLength: number;
}

/**
 * Finds the words of a command that has arrived as a whole, and has at most 9 words of at most 99
 * bytes. Nearly all commands are like this, and a loop without state takes half the time. As in
 * `ShortReplyReader`, each index is compared with the length before it is read.
 *
 * @param bytes The bytes that have arrived.
 * @param start The index of the first byte of the command.
 * @param limits The limits.
 * @returns For each word, the index of its first byte and the index after its last byte, both from
 *   `start`; `null` for every other command, and for one that is not valid or exceeds a limit.
 */
export function shortCommandBounds(
  bytes: Uint8Array,
  start: number,
  limits: CommandLimits,
): number[] | null {
  const { length: arrived } = bytes;
  if (start + SHORTEST > arrived) return null;
  const count = (bytes[start + 1] ?? 0) - ZERO;
  if (bytes[start] !== STAR || count < 1 || count > 9 || count > limits.maxArguments) return null;
  if (bytes[start + 2] !== CR || bytes[start + 3] !== LF) return null;
  const bounds = new Array<number>(2 * count);
  let at = start + 4;
  for (let i = 0; i < 2 * count; i += 2) {
    if (at + SHORTEST_WORD > arrived) return null;
    let length = (bytes[at + 1] ?? 0) - ZERO;
    if (bytes[at] !== DOLLAR || length < 0 || length > 9) return null;
    at += 2;
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit >= 0 && digit <= 9) {
      length = length * 10 + digit;
      at++;
    }
    const from = at + END;
    const to = from + length;
    if (length > limits.maxBulkLength || to + END > arrived) return null;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return null;
    if (bytes[to] !== CR || bytes[to + 1] !== LF) return null;
    bounds[i] = from - start;
    bounds[i + 1] = to - start;
    at = to + END;
  }
  return at - start > limits.maxLength ? null : bounds;
}
