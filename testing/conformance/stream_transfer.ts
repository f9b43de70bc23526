/**
 * The transfer of bytes, to and from raw peers.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "../assertions.ts";
import { ConnectionAborted, ConnectionDone } from "../../reactor/errors.ts";
import { concat, pattern, same } from "../peers/raw_peer.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { type Wire, type WireBehaviour, Wires } from "../fixtures/wire.ts";

const MEGABYTE = 1 << 20;

/** Defines the tests of writing and receiving. */
export function transferTests(kind: StreamTransport): void {
  const test = streamTest(kind);
  const echo: WireBehaviour = { dataReceived: (wire, data) => wire.transport.write(data) };

  Deno.test(
    test("write() and writeSequence() send bytes and strings, in order", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      wire.transport.write("one ");
      wire.transport.write(new TextEncoder().encode("two "));
      wire.transport.writeSequence(["three ", new Uint8Array([0x34]), " fünf"]);
      wire.transport.loseConnection();
      assertEquals(new TextDecoder().decode(await peer.readAll()), "one two three 4 fünf");
    }),
  );

  Deno.test(
    test("write() transfers large data intact in both directions at once", async (fixture) => {
      const [out, back] = [pattern(8 * MEGABYTE, 1), pattern(8 * MEGABYTE, 2)];
      const { peer, wire } = await fixture.accepted();
      wire.transport.write(out);
      const sending = peer.send(back);
      const received = await peer.read(out.length);
      await sending;
      await wire.has(back.length);
      assert(same(received, out));
      assert(same(concat(wire.chunks), back));
    }),
  );

  Deno.test(test("write() transfers pieces of all sizes intact", async (fixture) => {
    const all = pattern(4 * MEGABYTE);
    const { peer, wire } = await fixture.accepted();
    for (let start = 0, size = 1; start < all.length; start += size, size = size * 7 % 65521) {
      wire.transport.write(all.subarray(start, start + size));
    }
    wire.transport.loseConnection();
    assert(same(await peer.readAll(), all));
    assertInstanceOf(await wire.lost(), ConnectionDone);
  }));

  Deno.test(
    test("dataReceived() passes chunks that later data does not overwrite", async (fixture) => {
      const all = pattern(2 * MEGABYTE);
      const copies: Uint8Array[] = [];
      const { peer, wire } = await fixture.accepted({
        dataReceived: (_, data) => copies.push(data.slice()),
      });
      // Pieces of every size, several in one write, so that reads end at every position.
      for (let start = 0, size = 1; start < all.length; start += size, size = size * 5 % 30011) {
        await peer.send(all.subarray(start, start + size));
        if (size % 3 === 0) await wire.has(start + 1);
      }
      await wire.has(all.length);
      assert(same(concat(copies), all));
      assert(wire.chunks.every((chunk, i) => same(chunk, copies[i] ?? chunk.subarray(1))));
    }),
  );

  Deno.test(test("dataReceived() keeps the data of many connections apart", async (fixture) => {
    const factory = new Wires(echo);
    const port = fixture.listen(factory);
    fixture.run();
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const peer = await fixture.rawConnect(port.place);
      const mine = pattern(100_000, i + 1);
      const sending = (async () => {
        for (let start = 0; start < mine.length; start += 777) {
          await peer.send(mine.subarray(start, start + 777));
        }
      })();
      assert(same(await peer.read(mine.length), mine));
      await sending;
    }));
  }));

  Deno.test(test("write() joins the small writes of one turn", async (fixture) => {
    const { peer, wire } = await fixture.accepted();
    wire.transport.setTcpNoDelay(true);
    // The read is already waiting: it would return with the first bytes if they came alone.
    const reading = peer.readOnce();
    for (let i = 0; i < 100; i++) wire.transport.write("01234567890123456789");
    assertEquals((await reading)?.length, 2000);
  }));

  Deno.test(
    test("write() copies small chunks, so the caller may reuse the memory", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      const memory = new Uint8Array(16);
      for (let i = 0; i < 50; i++) {
        memory.fill(i);
        wire.transport.write(memory);
      }
      memory.fill(255);
      const expected = Uint8Array.from({ length: 800 }, (_, i) => i >> 4);
      assert(same(await peer.read(800), expected));
    }),
  );

  Deno.test(
    test("pauseProducing() stops the peer's output; resumeProducing() loses nothing", async (fixture) => {
      const all = pattern(32 * MEGABYTE);
      const { peer, wire } = await fixture.accepted({
        connectionMade: (wire) => wire.transport.pauseProducing(),
      });
      // One write sends as many bytes as the system has room for.
      const taken = await peer.conn.write(all);
      assert(taken < all.length, "the system took all bytes, although the reader is paused");
      assertEquals(wire.size, 0);
      wire.transport.resumeProducing();
      await peer.send(all.subarray(taken));
      await wire.has(all.length);
      assert(same(concat(wire.chunks), all));
    }),
  );

  Deno.test(
    test("pauseProducing() in each dataReceived(), resumed later, loses nothing", async (fixture) => {
      const all = pattern(MEGABYTE);
      const paused = new Set<Wire>();
      const { peer, wire } = await fixture.accepted({
        dataReceived: (wire) => {
          assert(!paused.has(wire), "dataReceived() while paused");
          paused.add(wire);
          wire.transport.pauseProducing();
          fixture.reactor.callLater(0, () => {
            paused.delete(wire);
            wire.transport.resumeProducing();
          });
        },
      });
      await peer.send(all);
      peer.close();
      assertInstanceOf(await wire.lost(), ConnectionDone);
      assert(same(concat(wire.chunks), all));
    }),
  );

  Deno.test(
    test("registerProducer() pauses a push producer while the peer does not read", async (fixture) => {
      const { peer, wire } = await fixture.accepted({}, { writeBufferHighWater: 65536 });
      const piece = pattern(50_000);
      const calls: string[] = [];
      const resumed = Promise.withResolvers<void>();
      wire.transport.registerProducer({
        pauseProducing: () => calls.push("pause"),
        resumeProducing: () => {
          calls.push("resume");
          resumed.resolve();
        },
        stopProducing: () => calls.push("stop"),
      }, true);
      let written = 0;
      while (calls.length === 0) {
        wire.transport.write(piece);
        written += piece.length;
      }
      assertEquals([calls, written], [["pause"], 100_000]);
      const received = await peer.read(written);
      await resumed.promise;
      assertEquals(calls, ["pause", "resume"]);
      assert(same(received, concat([piece, piece])));
      wire.transport.unregisterProducer();
    }),
  );

  Deno.test(
    test("registerProducer() calls a pull producer at the speed at which the peer reads", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      const piece = pattern(65_536);
      let pulls = 0;
      const total = 200;
      wire.transport.registerProducer({
        resumeProducing: () => {
          wire.transport.write(piece);
          if (++pulls === total) {
            wire.transport.unregisterProducer();
            wire.transport.loseConnection();
          }
        },
        stopProducing: () => {},
      }, false);
      await peer.read(piece.length);
      // Bytes that the peer has not read are on their way: the system buffers a few megabytes, and
      // this side one piece.
      assert(pulls < total, "all pieces were produced although hardly any was read");
      const rest = await peer.readAll();
      assertEquals(rest.length, (total - 1) * piece.length);
      assertInstanceOf(await wire.lost(), ConnectionDone);
    }),
  );

  Deno.test(
    test("write() aborts the connection at the limit of its write buffer", async (fixture) => {
      const { wire } = await fixture.accepted({}, { writeBufferLimit: MEGABYTE });
      // More bytes than the system buffers. This write is accepted, because the buffer is empty.
      wire.transport.write(new Uint8Array(64 * MEGABYTE));
      wire.transport.write("the last straw");
      const reason = await wire.lost();
      assertInstanceOf(reason, ConnectionAborted);
      assertEquals([reason.name, wire.transport.connected], ["WriteBufferExceeded", false]);
    }),
  );

  Deno.test(
    test("run() works for two reactors in one process that connect to each other", async (fixture) => {
      const other = kind.makeReactor();
      const running = other.run({ installSignalHandlers: false });
      fixture.after(async () => {
        other.stop();
        await running;
      });
      const servers = new Wires(echo);
      const port = fixture.listen(servers);
      fixture.run();
      const clients = new Wires();
      kind.connect(other, port.place, clients, {});
      const client = await clients.wire();
      client.transport.write("across");
      await client.has(6);
      assertEquals(client.text, "across");
    }),
  );

  Deno.test(test("write() in connectionMade() on both sides arrives", async (fixture) => {
    const servers = new Wires({ connectionMade: (wire) => wire.transport.write("from server") });
    const clients = new Wires({ connectionMade: (wire) => wire.transport.write("from client") });
    const port = fixture.listen(servers);
    fixture.connect(port.place, clients);
    fixture.run();
    const [server, client] = [await servers.wire(), await clients.wire()];
    await server.has(11);
    await client.has(11);
    assertEquals([server.text, client.text], ["from client", "from server"]);
  }));
}
