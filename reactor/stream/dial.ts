/**
 * The seam between a connector and the driver that opens its connection.
 *
 * @module
 */

import type { StreamDriver } from "./stream_driver.ts";

/** What a dial tells its connector: one of the first two unless it is cancelled, and `released` when nothing of it is left. */
export interface DialSink {
  /** The connection is there. */
  connected(driver: StreamDriver): void;
  /** There is no connection; the reason is a `ConnectError`. */
  failed(reason: Error): void;
  /** The dial is over, however it went. */
  released(): void;
}

/** Opens one connection. The function returned ends the attempt: only `released` follows. */
export type Dial = (sink: DialSink) => () => void;
