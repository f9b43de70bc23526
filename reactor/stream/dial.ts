/**
 * The interface between a connector and the driver that opens its connection.
 *
 * @module
 */

import type { StreamDriver } from "./stream_driver.ts";

/**
 * Receives the outcome of a dial: `connected` or `failed`, unless the dial is cancelled, and then
 * `released`.
 */
export interface DialSink {
  /**
   * Called when the connection is open.
   *
   * @param driver The driver of the connection.
   */
  connected(driver: StreamDriver): void;
  /**
   * Called when there is no connection.
   *
   * @param reason The reason: a `ConnectError`.
   */
  failed(reason: Error): void;
  /** Called when no resource of the dial is left. */
  released(): void;
}

/**
 * Opens one connection. Returns a function that cancels the attempt; after that only `released` is
 * called.
 */
export type Dial = (sink: DialSink) => () => void;
