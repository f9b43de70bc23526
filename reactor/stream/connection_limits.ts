/**
 * The limits of a connection, checked and with defaults.
 *
 * @module
 */

import { type TimeoutLimits, timeoutLimits } from "./connection_timeouts.ts";
import type { ConnectionOptions } from "../interfaces/mod.ts";
import { checkBound, checkDelay } from "../../internal/validation.ts";

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
    // Twisted's bufferSize.
    writeBufferHighWater = 65536,
    // Far above what a program buffers that heeds its producers' pauses, far below what endangers
    // the process.
    writeBufferLimit = 67108864,
    // Long enough for a slow link to empty the kernel's own send buffer, which shows no progress
    // here.
    linger = 60,
  } = options;
  checkBound("writeBufferHighWater", writeBufferHighWater, 0);
  checkBound("writeBufferLimit", writeBufferLimit, 1);
  if (linger !== Infinity) checkDelay("linger", linger);
  // The limit is checked only above the mark, so the mark must not be higher.
  return {
    writeBufferHighWater: Math.min(writeBufferHighWater, writeBufferLimit),
    writeBufferLimit,
    linger,
    timeouts: timeoutLimits(options),
  };
}
