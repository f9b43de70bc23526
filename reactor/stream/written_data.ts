/**
 * Checks of written data, when it is written and when it is sent.
 *
 * @module
 */

import { ConnectionAborted } from "../errors.ts";
import type { WriteOptions } from "../interfaces/mod.ts";
import { checkFunction, quote } from "../../internal/validation.ts";

/**
 * Checks that data can be sent.
 *
 * @param method The name of the method that it was passed to, for the error.
 * @param data The data.
 * @param options The options of the write.
 * @throws {TypeError} when `data` is neither bytes nor a string, its memory has been detached, or
 *   `flushed` of the options is not a function.
 */
export function checkData(method: string, data: unknown, options?: WriteOptions): void {
  const flushed: unknown = options?.flushed;
  if (flushed !== undefined && typeof flushed !== "function") {
    // The name is a new string, which each write would otherwise create.
    checkFunction(`${method}() flushed`, flushed);
  }
  if (typeof data === "string") return;
  if (!(data instanceof Uint8Array)) {
    throw new TypeError(`${method}() data must be a Uint8Array or a string, got ${quote(data)}`);
  }
  if (data.length === 0) checkMemory(method, data);
}

/**
 * Checks that empty bytes still have their memory. Bytes without it had a length before, and
 * sending nothing would lose them.
 *
 * @param method The name of the method that they were passed to, for the error.
 * @param data The bytes.
 * @throws {TypeError} when the buffer has been detached, or is too short for the view.
 */
export function checkMemory(method: string, data: Uint8Array): void {
  try {
    // A view of a detached buffer has the length 0, like an empty view. Only reading from the view
    // throws, which shows that its buffer is detached.
    data.at(0);
  } catch (cause) {
    throw new TypeError(
      `${method}() data must be readable: its buffer has been detached (transferred) or shrunk`,
      { cause },
    );
  }
}

/**
 * Creates the reason for losing a connection whose write buffer holds bytes that can no longer be
 * sent.
 *
 * @param size The number of these bytes.
 * @param address The address of the peer.
 * @returns The reason.
 */
export function bufferSpoiled(size: number, address: string): ConnectionAborted {
  return new ConnectionAborted(
    `Connection to ${address} was aborted: the buffer of a write was detached (transferred) or shrunk, with ${size} bytes unsent; it belongs to the transport until they are sent`,
    { address },
  );
}
