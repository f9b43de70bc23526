/**
 * What a protocol writes: whether it can be sent, when it is written and when it leaves.
 *
 * @module
 */

import { ConnectionAborted } from "../errors.ts";
import { quote } from "../../internal/validation.ts";

/**
 * Throws unless `data` can be sent.
 *
 * @param method The method that it was passed to.
 * @throws {TypeError} when it is neither bytes nor a string, or when the memory of the bytes has been detached.
 */
export function checkData(method: string, data: unknown): void {
  if (typeof data === "string") return;
  if (!(data instanceof Uint8Array)) {
    throw new TypeError(`${method}() data must be a Uint8Array or a string, got ${quote(data)}`);
  }
  if (data.length === 0) checkMemory(method, data);
}

/**
 * Throws if the memory of empty bytes has gone: they have been longer then, and sending nothing would lose that.
 *
 * @throws {TypeError} when the buffer has been detached, or is too short for the view.
 */
export function checkMemory(method: string, data: Uint8Array): void {
  try {
    // Reading is the test: a view without memory says that it is empty, but cannot be read.
    data.at(0);
  } catch (cause) {
    throw new TypeError(
      `${method}() data must have its memory: its buffer has been detached (transferred) or shrunk`,
      { cause },
    );
  }
}

/** The reason for a connection whose write buffer holds bytes that cannot be sent any more. */
export function bufferSpoiled(size: number, address: string): ConnectionAborted {
  return new ConnectionAborted(
    `Connection to ${address} was aborted: the buffer of a write was detached (transferred) or shrunk, with ${size} bytes unsent; it belongs to the transport until they are`,
    { address },
  );
}
