/**
 * The limits of a connection, checked and with defaults.
 *
 * @module
 */

import { type TimeoutLimits, timeoutLimits } from "./connection_timeouts.ts";
import type { ConnectionOptions } from "../interfaces/mod.ts";
import { checkBound, checkTimeout } from "../../internal/validation.ts";

/** The limits of a connection, with defaults filled in; see `ConnectionOptions`. */
export interface ConnectionLimits {
  /** Bytes in the write buffer above which a push producer is paused. */
  readonly writeBufferHighWater: number;
  /** Bytes in the write buffer that a further write may not exceed. */
  readonly writeBufferLimit: number;
  /** Seconds without progress after which a closing connection is aborted. */
  readonly linger: number;
  /** The timeouts of the connection; `null` without any. */
  readonly timeouts: TimeoutLimits | null;
}

/**
 * Checks the limits in a connection's options and fills in the defaults.
 *
 * @param options The options of the connection.
 * @returns The limits.
 * @throws {RangeError | TypeError} when a limit is out of range.
 */
export function connectionLimits(options: ConnectionOptions): ConnectionLimits {
  const {
    // The same value as Twisted's bufferSize.
    writeBufferHighWater = 65536,
    // 64 MiB: far more than a program buffers if it pauses when the transport asks for it, and far
    // less than would exhaust the memory of the process.
    writeBufferLimit = 67108864,
    // In seconds. A slow link has enough time to send the contents of the kernel's send buffer,
    // whose progress the reactor cannot observe.
    linger = 60,
  } = options;
  checkBound("writeBufferHighWater", writeBufferHighWater, 0);
  checkBound("writeBufferLimit", writeBufferLimit, 1);
  checkTimeout("linger", linger);
  // The limit is checked only when the buffer exceeds the high-water mark, so the mark must not be
  // above the limit.
  return {
    writeBufferHighWater: Math.min(writeBufferHighWater, writeBufferLimit),
    writeBufferLimit,
    linger,
    timeouts: timeoutLimits(options),
  };
}
