/**
 * The callers' buffers that write buffers hold, and when a transferred one can be freed.
 *
 * A program may write one buffer to many connections and transfer it with the last write. The first
 * connection that has sent it must not detach it from the others.
 *
 * @module
 */

interface Holding {
  /** The number of writes that hold the buffer and have not been sent. */
  writes: number;
  /** Whether one of these writes transferred the buffer. */
  isTransferred: boolean;
}

// The buffers of pending writes, with the number of writes. The entries of a lost connection
// remain, because the system may still read the memory; the garbage collector removes them with the
// buffer.
const holdings = new WeakMap<ArrayBuffer, Holding>();

/**
 * Records that a write holds a buffer.
 *
 * @param bytes The bytes of the write.
 * @param isTransferred Whether the write transfers the buffer. Ignored if `bytes` are only a part
 *   of their buffer.
 * @returns The buffer, for {@linkcode unhold}; `null` for a shared buffer, which cannot be
 *   detached.
 */
export function hold(bytes: Uint8Array, isTransferred: boolean): ArrayBuffer | null {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer)) return null;
  const isWhole = isTransferred && buffer.byteLength === bytes.length;
  const holding = holdings.get(buffer);
  if (holding === undefined) {
    holdings.set(buffer, { writes: 1, isTransferred: isWhole });
  } else {
    holding.writes++;
    holding.isTransferred ||= isWhole;
  }
  return buffer;
}

/**
 * Records that a write has been sent. After the last write, frees a buffer that was transferred.
 *
 * @param buffer The buffer that {@linkcode hold} returned.
 */
export function unhold(buffer: ArrayBuffer): void {
  const holding = holdings.get(buffer);
  if (holding === undefined || --holding.writes > 0) return;
  holdings.delete(buffer);
  if (!holding.isTransferred || buffer.detached) return;
  try {
    buffer.transfer(0);
  } catch (error) {
    // A buffer that belongs to a WebAssembly memory cannot be detached and throws a TypeError.
    if (!(error instanceof TypeError)) throw error;
  }
}
