/**
 * Waiting for Deno's next I/O poll.
 *
 * Deno does not know that a newly accepted socket is writable before it has polled it. It polls
 * when it is idle, and otherwise every 61 turns of its loop, as its runtime tokio does. Neither a
 * time nor an event shows that a poll has happened, but turns can be counted.
 *
 * @module
 */

// Deno polls its sockets in every 61st turn of the event loop, and acts on the result in the next
// turn: of 3000 sockets, none was writable after 61 turns and all after 62. Two turns are a margin.
const TURNS = 64;

/** A pending callback. */
interface PendingCall {
  /** The number of the turn after which Deno has certainly polled. */
  readonly turn: number;
  readonly f: () => void;
}

// The pending callbacks in the order in which they were added, which is also the order of their
// turns.
const pending = new Set<PendingCall>();
let turn = 0;
let next: ReturnType<typeof setImmediate> | null = null;

/**
 * Calls a function once Deno has polled for I/O and acted on the result. That takes less than a
 * millisecond when there is little other work.
 *
 * @param f Called without arguments.
 * @returns A function that cancels the call.
 */
export function afterIOPoll(f: () => void): () => void {
  const call: PendingCall = { turn: turn + TURNS, f };
  pending.add(call);
  next ??= setImmediate(count);
  return () => {
    pending.delete(call);
    if (pending.size > 0 || next === null) return;
    clearImmediate(next);
    next = null;
  };
}

/** Counts a turn, and runs the callbacks that are due. */
function count(): void {
  next = null;
  turn++;
  for (const call of pending) {
    if (call.turn > turn) break;
    pending.delete(call);
    call.f();
  }
  if (pending.size > 0) next ??= setImmediate(count);
}
