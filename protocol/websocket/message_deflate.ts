/**
 * The compression of single messages (RFC 7692), without a context that messages share.
 *
 * @module
 */

import { zlibModule } from "../../reactor/drivers/node/builtin_modules.ts";
import { MessageAssembly } from "./message_assembly.ts";
import { memoryOf } from "./message_memory.ts";

/** The end of each compressed message, which is not sent (RFC 7692, section 7.2.1). */
const TAIL = [0, 0, 0xff, 0xff];
/**
 * What the inflater reads after a payload: the end that was not sent, and an empty block that is
 * the last one. A payload that was cut off does not lead to this block, so it fails.
 */
const ENDING = [...TAIL, 0x01, 0, 0, 0xff, 0xff];
/** The longest `Buffer` of every platform. */
const MAX_OUTPUT = 2 ** 31 - 1;
/** The size of the window of DEFLATE, in bytes. */
const WINDOW = 32768;
/**
 * The maximum number of streams in a message. Each costs as much time as a message of its own, but
 * a peer could place one in two bytes.
 */
const MAX_STREAMS = 64;

const EMPTY = new Uint8Array(0);

/** What one call of the inflater returns. */
interface Inflated {
  readonly bytes: Uint8Array;
  /** The number of compressed bytes that it has read. */
  readonly read: number;
}

/** Compresses the payload of a message. */
export function deflateMessage(data: Uint8Array): Uint8Array {
  const { deflateRawSync, constants } = zlibModule();
  const deflated = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
  return new Uint8Array(deflated.buffer, deflated.byteOffset, deflated.length - TAIL.length);
}

/**
 * Inflates the payload of a message.
 *
 * A block may be marked as the last one, and others may follow (RFC 7692, section 7.2.1). An
 * inflater stops there, so the blocks that follow are inflated as a further stream.
 *
 * @param data The compressed bytes.
 * @param maxLength The maximum number of inflated bytes. No more are made.
 * @returns The bytes; `null` if there are more.
 * @throws {Error} when the compressed bytes are not valid, or are cut off.
 */
export function inflateMessage(data: Uint8Array, maxLength: number): Uint8Array | null {
  const input = new Uint8Array(data.length + ENDING.length);
  input.set(data);
  input.set(ENDING, data.length);
  try {
    const { bytes, read } = inflateStream(input, maxLength, EMPTY);
    const message = read === input.length
      ? bytes
      : inflateFurther(input.subarray(read), maxLength, bytes);
    return message.length > maxLength ? null : owned(message);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Inflates the streams behind the first one. Returns the bytes of all. */
function inflateFurther(input: Uint8Array, maxLength: number, first: Uint8Array): Uint8Array {
  const message = new MessageAssembly(maxLength);
  message.extend(first.length).set(first);
  for (let streams = 1, at = 0; at < input.length; streams++) {
    if (streams === MAX_STREAMS) throw new Error(`More than ${MAX_STREAMS} streams`);
    const { size } = message;
    // Blocks may refer to what the blocks before them contain, as in one stream.
    const window = message.extend(0).subarray(Math.max(0, size - WINDOW), size);
    const { bytes, read } = inflateStream(input.subarray(at), maxLength - size, window);
    message.extend(bytes.length).set(bytes, size);
    if (message.size > maxLength) break;
    at += read;
  }
  return message.take();
}

/** Inflates up to the end of a block that is marked as the last one. */
function inflateStream(input: Uint8Array, maxLength: number, dictionary: Uint8Array): Inflated {
  const options = {
    info: true,
    // The option must be at least 1.
    maxOutputLength: Math.max(1, Math.min(maxLength, MAX_OUTPUT)),
    ...dictionary.length === 0 ? {} : { dictionary },
  };
  // The cast is needed: the types do not know that `info` changes the result.
  const { buffer, engine } = zlibModule().inflateRawSync(input, options) as unknown as {
    readonly buffer: Uint8Array;
    readonly engine: { readonly bytesWritten: number };
  };
  return { bytes: buffer, read: engine.bytesWritten };
}

/**
 * Returns a message without memory that it does not use. The inflater allocates 16 KiB also for a
 * message of one byte, and a message that waits for its reader counts as its length.
 */
function owned(message: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = message;
  if (buffer.byteLength <= 2 * length) return new Uint8Array(buffer, byteOffset, length);
  const copy = memoryOf(length);
  copy.set(message);
  return copy;
}
