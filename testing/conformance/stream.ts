/**
 * What every stream does on every reactor, over TCP as over UNIX sockets and TLS: written against a `StreamTransport`, so that each runs it
 * unchanged.
 *
 * Real sockets; at the other end raw peers, so that a fault cannot hide by being on both sides. The headers of each kind's own suite tell
 * which of Twisted's tests are here.
 *
 * @module
 */

import { connectingTests } from "./stream_connecting.ts";
import { endingTests } from "./stream_ending.ts";
import { halfCloseTests } from "./stream_half_close.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { listeningTests } from "./stream_listening.ts";
import { resetTests } from "./stream_resets.ts";
import { silenceTests } from "./stream_silence.ts";
import { spoiledWriteTests } from "./stream_spoiled.ts";
import { transferTests } from "./stream_transfer.ts";

/**
 * Defines the tests.
 *
 * @param kind What they are run over.
 */
export function streamConformance(kind: StreamTransport): void {
  listeningTests(kind);
  connectingTests(kind);
  silenceTests(kind);
  transferTests(kind);
  spoiledWriteTests(kind);
  endingTests(kind);
  halfCloseTests(kind);
  resetTests(kind);
}
