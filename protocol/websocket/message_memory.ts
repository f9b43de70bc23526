/**
 * The memory of binary messages. Small ones share memory: to create an `ArrayBuffer` takes several
 * times as long as to unmask such a message.
 *
 * @module
 */

/** The size of shared memory, in bytes: what a message that is kept can hold in memory. */
const SHARED = 8192;
/** The longest message in shared memory, in bytes. For longer ones it saves no time. */
const LONGEST = 1024;

let memory: ArrayBuffer | null = null;
let used = 0;

/** Returns whether a message is small enough to share memory. */
export function isSmall(length: number): boolean {
  return length <= LONGEST;
}

/**
 * Returns memory for a message, which is never given out again.
 *
 * @param length The number of bytes.
 */
export function memoryOf(length: number): Uint8Array {
  if (!isSmall(length)) return new Uint8Array(length);
  if (memory === null || used + length > SHARED) {
    memory = new ArrayBuffer(SHARED);
    used = 0;
  }
  const at = used;
  // Messages begin at words, which are unmasked at once.
  used += length + 7 & ~7;
  return new Uint8Array(memory, at, length);
}
