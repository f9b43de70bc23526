/**
 * Protocols that lend memory to their connection for large reads, and receive all other data as
 * chunks.
 *
 * A protocol with `getBuffer` provides the memory of each read. For one that only passes data on,
 * this would cost a copy where the data is in memory already, as on a connection over TLS, and
 * would keep a buffer for each idle connection.
 *
 * @module
 */

import type { IProtocol } from "../interfaces/mod.ts";

/** The key of {@linkcode MemoryLender}'s first method: no protocol has it by accident. */
export const lendMemory: unique symbol = Symbol("lendMemory");
/** The key of {@linkcode MemoryLender}'s second method. */
export const memoryFilled: unique symbol = Symbol("memoryFilled");

/**
 * A protocol that can lend memory to its connection. The rules of ownership are those of
 * `IBufferedProtocol`.
 */
export interface MemoryLender extends IProtocol {
  /**
   * Returns the memory for the next read.
   *
   * @param sizeHint The recommended size in bytes.
   * @returns The memory; `null` to receive a chunk with `dataReceived`.
   */
  [lendMemory](sizeHint: number): Uint8Array<ArrayBuffer> | null;
  /**
   * Called when bytes were read into the borrowed memory, which belongs to the protocol again.
   *
   * @param count The number of bytes, from the start of the memory.
   */
  [memoryFilled](count: number): void;
}

/** Returns whether a protocol can lend memory to its connection. */
export function isMemoryLender(protocol: IProtocol): protocol is MemoryLender {
  return lendMemory in protocol;
}
