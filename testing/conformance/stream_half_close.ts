/**
 * Half-closing a connection, with raw peers.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "../assertions.ts";
import { ConnectionDone } from "../../reactor/errors.ts";
import { pattern, same } from "../peers/raw_peer.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { HalfCloseableWire, type WireBehaviour } from "../fixtures/wire.ts";

const MEGABYTE = 1 << 20;

/** Defines the tests of half-closing, for a transport that supports it. */
export function halfCloseTests(kind: StreamTransport): void {
  if (!kind.halfClose) return;
  const test = streamTest(kind);
  const echo: WireBehaviour = { dataReceived: (wire, data) => wire.transport.write(data) };

  Deno.test(
    test("connectionLost() comes after the whole echo to a peer that half-closes (nc -N)", async (fixture) => {
      const all = pattern(8 * MEGABYTE);
      const { peer, wire } = await fixture.accepted(echo);
      const sending = peer.send(all).then(() => peer.conn.closeWrite());
      assert(same(await peer.readAll(), all));
      await sending;
      assertInstanceOf(await wire.lost(), ConnectionDone);
    }),
  );

  Deno.test(
    test("connectionLost() comes after the whole echo to a peer that reads after half-closing", async (fixture) => {
      const all = pattern(MEGABYTE);
      const { peer, wire } = await fixture.accepted(echo);
      await peer.send(all);
      await peer.conn.closeWrite();
      await wire.has(all.length);
      assert(same(await peer.readAll(), all));
      assertInstanceOf(await wire.lost(), ConnectionDone);
    }),
  );

  Deno.test(
    test("loseWriteConnection() closes the writing side; the peer can still send", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      wire.transport.write("over");
      wire.transport.loseWriteConnection();
      wire.transport.loseWriteConnection();
      assertEquals(new TextDecoder().decode(await peer.readAll()), "over");
      await peer.send("and out");
      await wire.has(7);
      wire.transport.write("too late");
      assert(wire.transport.connected);
      peer.close();
      assertInstanceOf(await wire.lost(), ConnectionDone);
    }),
  );

  Deno.test(
    test("readConnectionLost() is called once, although data is sent afterwards", async (fixture) => {
      const { peer, wire } = await fixture.accepted(() => new HalfCloseableWire());
      await peer.conn.closeWrite();
      await wire.seen("read lost");
      for (const answer of ["one", "two", "three"]) {
        wire.transport.write(answer);
        assertEquals(new TextDecoder().decode(await peer.read(answer.length)), answer);
      }
      wire.transport.loseConnection();
      assertInstanceOf(await wire.lost(), ConnectionDone);
      assertEquals(wire.events, ["made", "read lost", "lost"]);
    }),
  );

  Deno.test(
    test("readConnectionLost() and writeConnectionLost() report each side's close", async (fixture) => {
      const { peer, wire } = await fixture.accepted(() => new HalfCloseableWire());
      await peer.send("question");
      await peer.conn.closeWrite();
      await wire.seen("read lost");
      assert(wire.transport.connected && !wire.transport.disconnecting);
      wire.transport.write("answer");
      wire.transport.loseWriteConnection();
      assertEquals(new TextDecoder().decode(await peer.readAll()), "answer");
      assertInstanceOf(await wire.lost(), ConnectionDone);
      assertEquals(wire.events, ["made", "data", "read lost", "write lost", "lost"]);
    }),
  );

  Deno.test(
    test("loseWriteConnection() first, then the peer's close, loses the connection", async (fixture) => {
      const { peer, wire } = await fixture.accepted(() => new HalfCloseableWire());
      wire.transport.loseWriteConnection();
      await wire.seen("write lost");
      assertEquals(await peer.ending(), "end");
      await peer.send("still talking");
      peer.close();
      assertInstanceOf(await wire.lost(), ConnectionDone);
      assertEquals(wire.text, "still talking");
      assertEquals(wire.events.slice(-2), ["read lost", "lost"]);
    }),
  );
}
