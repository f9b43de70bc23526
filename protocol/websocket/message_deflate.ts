/**
 * The compression of single messages (RFC 7692), without a context that messages share.
 *
 * @module
 */

import { zlibModule } from "../../reactor/drivers/node/builtin_modules.ts";

/** The end of each compressed message, which is not sent (RFC 7692, section 7.2.1). */
const TAIL = [0, 0, 0xff, 0xff];
/** The longest `Buffer` of every platform. */
const MAX_OUTPUT = 2 ** 31 - 1;

/** Compresses the payload of a message. */
export function deflateMessage(data: Uint8Array): Uint8Array {
  const { deflateRawSync, constants } = zlibModule();
  const deflated = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
  return new Uint8Array(deflated.buffer, deflated.byteOffset, deflated.length - TAIL.length);
}

/**
 * Inflates the payload of a message.
 *
 * @param data The compressed bytes.
 * @param maxLength The maximum number of inflated bytes. No more are made.
 * @returns The bytes; `null` if there are more.
 * @throws {Error} when the compressed bytes are not valid.
 */
export function inflateMessage(data: Uint8Array, maxLength: number): Uint8Array | null {
  const { inflateRawSync, constants } = zlibModule();
  const input = new Uint8Array(data.length + TAIL.length);
  input.set(data);
  input.set(TAIL, data.length);
  // The option must be at least 1.
  const maxOutputLength = Math.max(1, Math.min(maxLength, MAX_OUTPUT));
  try {
    const inflated = inflateRawSync(input, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength,
    });
    if (inflated.length > maxLength) return null;
    return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
