/**
 * The driver of a UNIX connection, of which the reactor has the file descriptor.
 *
 * @module
 */

import type { PeerCredentials } from "../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "./stream_driver.ts";

/** Receives the events of a {@linkcode UNIXDriver}. */
export interface UNIXDriverSink extends StreamDriverSink {
  /**
   * Whether the protocol receives file descriptors now. Otherwise the driver lets the system close
   * those that arrive.
   */
  readonly receivesDescriptors: boolean;
  /**
   * Called with a file descriptor from the peer, before {@linkcode StreamDriverSink.received} with
   * the bytes that came with it.
   *
   * @returns Whether the protocol owns the descriptor now. Otherwise the driver closes it.
   */
  fileDescriptorReceived(fileDescriptor: number): boolean;
}

/** Moves bytes and file descriptors, and knows the process of the peer. */
export interface UNIXDriver extends StreamDriver {
  /** The number of file descriptors that wait to be sent. */
  readonly queuedDescriptors: number;
  /**
   * Sends a copy of a file descriptor with the next byte that is written.
   *
   * @throws {Error} If the descriptor cannot be copied, or too many are waiting.
   */
  sendFileDescriptor(fileDescriptor: number): void;
  /** Returns the process of the peer; `null` if the driver is closed. */
  getPeerCredentials(): PeerCredentials | null;
}

/** Returns whether a driver is that of a UNIX connection with a file descriptor. */
export function isUNIXDriver(driver: StreamDriver): driver is UNIXDriver {
  return "sendFileDescriptor" in driver;
}

/** Returns whether a sink receives file descriptors. */
export function isUNIXDriverSink(sink: StreamDriverSink): sink is UNIXDriverSink {
  return "fileDescriptorReceived" in sink;
}
