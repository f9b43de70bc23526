/**
 * The bounds of a connection, checked and filled in.
 *
 * @module
 */

import { type TimeoutLimits, timeoutLimits } from "./connection_timeouts.ts";
import type { ConnectionOptions } from "../interfaces/mod.ts";
import { checkBound, checkDelay } from "../../internal/validation.ts";

/** The bounds of a connection; see `ConnectionOptions`. */
export interface ConnectionLimits {
  /** Bytes above which a push producer is paused. */
  readonly writeBufferHighWater: number;
  /** Bytes that a further write may not exceed. */
  readonly writeBufferLimit: number;
  /** Seconds without progress before a closing connection is aborted. */
  readonly linger: number;
  /** How long it may be silent, stuck or open; null for a connection without such a bound. */
  readonly timeouts: TimeoutLimits | null;
}

/**
 * Fills in what the options leave open.
 *
 * @throws {RangeError | TypeError} when a bound is out of range.
 */
export function connectionLimits(options: ConnectionOptions): ConnectionLimits {
  const {
    // Twisted's bufferSize.
    writeBufferHighWater = 65536,
    // Far above what a program that heeds its producers' pauses ever has waiting, far below what endangers the process.
    writeBufferLimit = 67108864,
    // Long enough for a slow link to empty the kernel's own buffer, which shows as no progress here.
    linger = 60,
  } = options;
  checkBound("writeBufferHighWater", writeBufferHighWater, 0);
  checkBound("writeBufferLimit", writeBufferLimit, 1);
  if (linger !== Infinity) checkDelay("linger", linger);
  // Only a buffer above the mark is looked at more closely, so the mark is never above the limit.
  return {
    writeBufferHighWater: Math.min(writeBufferHighWater, writeBufferLimit),
    writeBufferLimit,
    linger,
    timeouts: timeoutLimits(options),
  };
}
