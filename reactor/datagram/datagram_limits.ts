/**
 * The limits of a datagram port.
 *
 * @module
 */

import type { DatagramOptions } from "../interfaces/mod.ts";
import { checkBound, checkInteger } from "../../internal/validation.ts";

/** The limits of a datagram port. `DatagramOptions` describes them. */
export interface DatagramLimits {
  /** The largest datagram that is accepted, in bytes. */
  readonly maxPacketSize: number;
  /** The size of the write buffer, in bytes. */
  readonly writeBufferLimit: number;
}

/**
 * Returns the limits from the options, with defaults for those that are missing.
 *
 * @throws {RangeError | TypeError} If a limit is out of range.
 */
export function datagramLimits(options: DatagramOptions): DatagramLimits {
  // The default of maxPacketSize is that of Twisted. The default of writeBufferLimit, 1 MiB, has
  // room for about a hundred datagrams of that size.
  const { maxPacketSize = 8192, writeBufferLimit = 1048576 } = options;
  checkInteger("maxPacketSize", maxPacketSize, 1, 0x7fffffff);
  checkBound("writeBufferLimit", writeBufferLimit, 1);
  return { maxPacketSize, writeBufferLimit };
}
