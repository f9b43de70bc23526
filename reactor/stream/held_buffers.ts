/**
 * Which buffers of their callers' write buffers hold, and when one that was given away can be freed.
 *
 * The same buffer may be written to many connections. If the last write gives it away, the connection that flushes first must not
 * detach it from the others.
 *
 * @module
 */

interface Holding {
  /** Writes that have not been sent yet. */
  writes: number;
  /** Whether one of them gave the buffer away. */
  isGiven: boolean;
}

// What a lost connection has not sent stays counted, because the system may still read it: its buffer is left to the collector.
const holdings = new WeakMap<ArrayBuffer, Holding>();

/**
 * Notes that a write holds these bytes.
 *
 * @param isGiven Whether the caller has no more use for them. Ignored where they share their buffer with other bytes.
 * @returns The buffer, for {@linkcode letGoOf}; null where it cannot be detached by anyone.
 */
export function hold(bytes: Uint8Array, isGiven: boolean): ArrayBuffer | null {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer)) return null;
  const isWhole = isGiven && buffer.byteLength === bytes.length;
  const holding = holdings.get(buffer);
  if (holding === undefined) {
    holdings.set(buffer, { writes: 1, isGiven: isWhole });
  } else {
    holding.writes++;
    holding.isGiven ||= isWhole;
  }
  return buffer;
}

/** Notes that a write has been sent. The last one frees a buffer that was given away. */
export function letGoOf(buffer: ArrayBuffer): void {
  const holding = holdings.get(buffer);
  if (holding === undefined || --holding.writes > 0) return;
  holdings.delete(buffer);
  if (!holding.isGiven || buffer.detached) return;
  try {
    buffer.transfer(0);
  } catch (error) {
    // The memory of a WebAssembly module cannot be detached, and is not the caller's to give.
    if (!(error instanceof TypeError)) throw error;
  }
}
