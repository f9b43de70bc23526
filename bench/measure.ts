/**
 * What the benchmarks share that measure the processor time of this process.
 *
 * @module
 */

import process from "node:process";

/** Returns the processor time of this process, in seconds. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Returns chunks in new memory, as a socket's are. */
export function chunksOf(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer>[] {
  const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => i * size);
  return starts.map((start) => bytes.slice(start, start + size));
}
