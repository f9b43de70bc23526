/**
 * Streams: the behaviour that TCP, UNIX sockets and TLS share. The tests use only a
 * `StreamTransport`, so every transport runs them unchanged.
 *
 * The sockets are real, and the peers are raw sockets, so that a defect cannot hide by occurring on
 * both sides. The comment at the head of each transport's own suite lists the tests of Twisted that
 * are here.
 *
 * @module
 */

import { bufferedTests } from "./stream_buffered.ts";
import { connectingTests } from "./stream_connecting.ts";
import { endingTests } from "./stream_ending.ts";
import { forwardingTests } from "./stream_forwarding.ts";
import { halfCloseTests } from "./stream_half_close.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { listeningTests } from "./stream_listening.ts";
import { resetTests } from "./stream_resets.ts";
import { silenceTests } from "./stream_silence.ts";
import { spoiledWriteTests } from "./stream_spoiled.ts";
import { statsTests } from "./stream_stats.ts";
import { transferTests } from "./stream_transfer.ts";

/**
 * Defines the tests of a stream transport.
 *
 * @param kind The transport under test.
 */
export function streamConformance(kind: StreamTransport): void {
  listeningTests(kind);
  connectingTests(kind);
  silenceTests(kind);
  transferTests(kind);
  bufferedTests(kind);
  forwardingTests(kind);
  spoiledWriteTests(kind);
  statsTests(kind);
  endingTests(kind);
  halfCloseTests(kind);
  resetTests(kind);
}
