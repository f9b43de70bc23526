/**
 * When Deno has looked for news of a socket.
 *
 * Of a socket that it has just accepted, it does not know that it takes bytes before it has looked.
 * It looks whenever it has nothing to do, and else every 61 turns of its loop, which is how tokio
 * works beneath it. No time that passes tells whether it has, and nothing else does, either: but
 * turns can be counted.
 *
 * @module
 */

// In the 61st it looks, and in the 62nd it acts on what it has seen (Deno 2.9.6: of 3000 sockets
// none was known after 61, all after 62).
const TURNS = 64;

/** Someone who waits. */
interface Waiting {
  /** The turn in which there has been news. */
  readonly turn: number;
  readonly f: () => void;
}

// In the order in which they came, and so in that of their turns.
const waiting = new Set<Waiting>();
let turn = 0;
let next: ReturnType<typeof setImmediate> | null = null;

/**
 * Calls `f` when Deno has looked for news, and acted on them: less than a millisecond later where
 * there is little else to do.
 *
 * @returns What calls it off.
 */
export function afterIOPoll(f: () => void): () => void {
  const one: Waiting = { turn: turn + TURNS, f };
  waiting.add(one);
  next ??= setImmediate(count);
  return () => {
    waiting.delete(one);
    if (waiting.size > 0 || next === null) return;
    clearImmediate(next);
    next = null;
  };
}

/** Counts a turn, for all who wait. */
function count(): void {
  next = null;
  turn++;
  for (const one of waiting) {
    if (one.turn > turn) break;
    waiting.delete(one);
    one.f();
  }
  if (waiting.size > 0) next ??= setImmediate(count);
}
