/**
 * The bounds of a datagram port, checked and filled in.
 *
 * @module
 */

import type { DatagramOptions } from "../interfaces/mod.ts";
import { checkBound, checkInteger } from "../../internal/validation.ts";

/** The bounds of a datagram port; see `DatagramOptions`. */
export interface DatagramLimits {
  /** Bytes of the largest datagram that is accepted. */
  readonly maxPacketSize: number;
  /** Bytes that may wait to be sent. */
  readonly writeBufferLimit: number;
}

/**
 * Fills in what the options leave open.
 *
 * @throws {RangeError | TypeError} when a bound is out of range.
 */
export function datagramLimits(options: DatagramOptions): DatagramLimits {
  // Twisted's maxPacketSize; and as much waiting as a burst of a hundred of the largest.
  const { maxPacketSize = 8192, writeBufferLimit = 1048576 } = options;
  checkInteger("maxPacketSize", maxPacketSize, 1, 0x7fffffff);
  checkBound("writeBufferLimit", writeBufferLimit, 1);
  return { maxPacketSize, writeBufferLimit };
}
