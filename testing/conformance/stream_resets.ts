/**
 * Peers that reset the connection.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "../assertions.ts";
import { ConnectionAborted, ConnectionLost } from "../../reactor/errors.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { HalfCloseableWire, Wires } from "../fixtures/wire.ts";

/** Defines the tests of resets, for a transport whose peers can reset. */
export function resetTests(kind: StreamTransport): void {
  const { rawConnectResetting } = kind;
  if (rawConnectResetting === undefined) return;
  const test = streamTest(kind);

  Deno.test(
    test("connectionLost() receives ConnectionLost with code and address after a reset", async (fixture) => {
      const factory = new Wires();
      const port = fixture.listen(factory);
      fixture.run();
      const peer = await rawConnectResetting(fixture, port.place);
      const wire = await factory.wire();
      const address = String(wire.transport.getPeer());
      peer.reset();
      const reason = await wire.lost();
      assertInstanceOf(reason, ConnectionLost);
      assert(!(reason instanceof ConnectionAborted));
      assertEquals([reason.code, reason.syscall, reason.address], ["ECONNRESET", "read", address]);
      assertInstanceOf(reason.cause, Error);
      assertEquals(wire.events, ["made", "lost"]);
    }),
  );

  Deno.test(
    test("loseWriteConnection() after a reset loses the connection, and does not throw", async (fixture) => {
      const factory = new Wires(() => new HalfCloseableWire());
      const port = fixture.listen(factory);
      fixture.run();
      const peer = await rawConnectResetting(fixture, port.place);
      const wire = await factory.wire();
      peer.reset();
      wire.transport.loseWriteConnection();
      assertInstanceOf(await wire.lost(), ConnectionLost);
    }),
  );

  Deno.test(test("StreamPort continues after a client that resets at once", async (fixture) => {
    const factory = new Wires({ connectionMade: (wire) => wire.transport.write("hello") });
    const port = fixture.listen(factory);
    for (let i = 0; i < 3; i++) (await rawConnectResetting(fixture, port.place)).reset();
    fixture.run();
    assertEquals(await (await fixture.rawConnect(port.place)).readText(5), "hello");
  }));
}
