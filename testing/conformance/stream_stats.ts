/**
 * The counters of connections.
 *
 * @module
 */

import { assert, assertEquals } from "../assertions.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";

/** More bytes than the system buffers. */
const MANY = 16 << 20;

/** Defines the tests of `transport.stats()`. */
export function statsTests(kind: StreamTransport): void {
  const test = streamTest(kind);

  Deno.test(
    test("stats() counts bytes, also in connectionLost() and after it", async (fixture) => {
      let late = NaN;
      const { peer, wire } = await fixture.accepted({
        connectionLost: ({ transport }) => late = transport.stats().bytesReceived,
      });
      const opened = fixture.reactor.seconds();
      await peer.send("hello");
      await wire.has(5);
      wire.transport.write("goodbye");
      assertEquals(wire.transport.stats().bytesUnsent, 7);
      wire.transport.loseConnection();
      assertEquals((await peer.readAll()).length, 7);
      await wire.lost();
      const { bytesReceived, bytesSent, bytesUnsent, openedAt } = wire.transport.stats();
      assertEquals([bytesReceived, bytesSent, bytesUnsent, late], [5, 7, 0, 5]);
      assert(openedAt <= opened);
    }),
  );

  Deno.test(
    test("stats() shows unsent bytes and pauses while the peer does not read", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      const { transport } = wire;
      const resumed = Promise.withResolvers<void>();
      transport.registerProducer({
        pauseProducing: () => {},
        resumeProducing: () => resumed.resolve(),
        stopProducing: () => {},
      }, true);
      transport.write(new Uint8Array(MANY));
      transport.pauseProducing();
      const { bytesSent, bytesUnsent, receivingPaused, producerPaused } = transport.stats();
      assertEquals([bytesSent + bytesUnsent, bytesUnsent > 0], [MANY, true]);
      assertEquals([receivingPaused, producerPaused], [true, true]);
      transport.resumeProducing();
      await peer.read(MANY);
      await resumed.promise;
      const { bytesSent: sent, ...rest } = transport.stats();
      assertEquals([sent, rest.bytesUnsent], [MANY, 0]);
      assertEquals([rest.receivingPaused, rest.producerPaused], [false, false]);
      transport.unregisterProducer();
    }),
  );
}
