/**
 * Protocols that provide the memory into which their connection reads.
 *
 * The semantics are those of asyncio's `BufferedProtocol` (`test_buffered_proto.py`), on every
 * transport.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "../assertions.ts";
import { ConnectionDone } from "../../reactor/errors.ts";
import { concat, pattern, type RawPeer, same } from "../peers/raw_peer.ts";
import { type StreamFixture, streamTest } from "../fixtures/stream_fixture.ts";
import { BufferedWire, type Wire, Wires } from "../fixtures/wire.ts";
import type { StreamTransport } from "./stream_transport.ts";

const MEGABYTE = 1 << 20;

/** Sends back each chunk out of its buffer, and takes a new buffer until it was sent. */
class BufferedEcho extends BufferedWire {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #current = this.buffer;

  override getBuffer(): Uint8Array<ArrayBuffer> {
    return this.#current = this.#free.pop() ?? new Uint8Array(this.buffer.length);
  }

  override bufferUpdated(count: number): void {
    const buffer = this.#current;
    this.transport.write(buffer.subarray(0, count), { flushed: () => this.#free.push(buffer) });
  }
}

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);

/** Connects a peer to a port that serves it with the given protocol. */
async function accepted(fixture: StreamFixture, wire: BufferedWire): Promise<RawPeer> {
  const { peer } = await fixture.accepted(() => wire);
  return peer;
}

/**
 * Connects two peers to a port, the second one to an echo.
 *
 * @returns The first peer, and a function that makes a round trip over the echo: what was sent to
 *   the reactor before has arrived then.
 */
async function besideAnEcho(
  fixture: StreamFixture,
  wire: BufferedWire,
): Promise<{ peer: RawPeer; roundTrip: () => Promise<void> }> {
  const wires: Wire[] = [wire, new BufferedEcho(64)];
  const { place } = fixture.listen(new Wires(() => wires.shift() ?? null));
  fixture.run();
  const peer = await fixture.rawConnect(place);
  await wire.seen("made");
  const other = await fixture.rawConnect(place);
  const roundTrip = async (): Promise<void> => {
    await other.send(encode("ping"));
    await other.read(4);
  };
  return { peer, roundTrip };
}

/** Defines the tests of protocols with their own buffers. */
export function bufferedTests(kind: StreamTransport): void {
  const test = streamTest(kind);

  for (const size of [1, 1000, 65536, 4 * MEGABYTE]) {
    Deno.test(
      test(`bufferUpdated() receives all bytes in a buffer of ${size} bytes`, async (fixture) => {
        const all = pattern(size === 1 ? 5000 : 2 * MEGABYTE);
        const wire = new BufferedWire(size);
        const peer = await accepted(fixture, wire);
        await peer.send(all);
        peer.close();
        assertInstanceOf(await wire.lost(), ConnectionDone);
        assert(same(concat(wire.chunks), all));
        assert(wire.chunks.every(({ length }) => length > 0 && length <= size));
      }),
    );
  }

  Deno.test(
    test("bufferUpdated() receives small messages one by one, with pauses between", async (fixture) => {
      const wire = new BufferedWire(64);
      const peer = await accepted(fixture, wire);
      for (const [text, size] of [["one", 3], ["two", 6], ["three", 11]] as const) {
        await peer.send(encode(text));
        await wire.has(size);
      }
      assertEquals(wire.text, "onetwothree");
    }),
  );

  Deno.test(
    test("getBuffer() and bufferUpdated() serve a client, too", async (fixture) => {
      const wire = new BufferedWire(100);
      const { peer } = await fixture.connected(new Wires(() => wire));
      const all = pattern(50_000);
      await peer.send(all);
      await wire.has(all.length);
      assert(same(concat(wire.chunks), all));
    }),
  );

  Deno.test(
    test("write() sends back bytes out of the buffers that flushed() gives back", async (fixture) => {
      const wire = new BufferedEcho(65536);
      const peer = await accepted(fixture, wire);
      const all = pattern(8 * MEGABYTE);
      const sending = peer.send(all);
      assert(same(await peer.read(all.length), all));
      await sending;
    }),
  );

  Deno.test(
    test("write() calls flushed() for small data that is transferred, in order", async (fixture) => {
      const wire = new BufferedWire(1000);
      const peer = await accepted(fixture, wire);
      const calls: number[] = [];
      const last = Promise.withResolvers<void>();
      for (let i = 0; i < 5; i++) {
        const flushed = (): void => {
          calls.push(i);
          if (i === 4) last.resolve();
        };
        wire.transport.write(encode(`<${i}`), { transfer: true, flushed });
        wire.transport.write(">");
        // It is called when the data has been sent, and not within the call.
        assertEquals(calls, []);
      }
      assertEquals(await peer.read(15), encode("<0><1><2><3><4>"));
      await last.promise;
      assertEquals(calls, [0, 1, 2, 3, 4]);
    }),
  );

  Deno.test(
    test("bufferUpdated() that pauses the transport each time loses nothing", async (fixture) => {
      const all = pattern(MEGABYTE / 4);
      let isPaused = false;
      const wire = new BufferedWire(3000, {
        dataReceived: ({ transport }) => {
          assert(!isPaused, "bufferUpdated() while paused");
          isPaused = true;
          transport.pauseProducing();
          fixture.reactor.callLater(0, () => {
            isPaused = false;
            transport.resumeProducing();
          });
        },
      });
      const peer = await accepted(fixture, wire);
      await peer.send(all);
      peer.close();
      assertInstanceOf(await wire.lost(), ConnectionDone);
      assert(same(concat(wire.chunks), all));
    }),
  );

  Deno.test(
    test("pauseProducing() while the connection is idle keeps what arrives", async (fixture) => {
      const wire = new BufferedWire(64);
      const { peer, roundTrip } = await besideAnEcho(fixture, wire);
      wire.transport.pauseProducing();
      await peer.send(encode("kept"));
      await roundTrip();
      // The read that was pending has filled the buffer, which belongs to the protocol again.
      wire.buffer.fill(0);
      assertEquals(wire.size, 0);
      wire.transport.resumeProducing();
      await wire.has(4);
      assertEquals(wire.text, "kept");
    }),
  );

  Deno.test(
    test("the buffer of a lost connection is not written any more", async (fixture) => {
      const wire = new BufferedWire(64);
      const { peer, roundTrip } = await besideAnEcho(fixture, wire);
      await peer.send(encode("first"));
      await wire.has(5);
      wire.transport.loseConnection();
      // The peer may find the connection closed already.
      const sending = peer.send(encode("second")).catch(() => {});
      await wire.lost();
      wire.buffer.fill(0);
      await sending;
      await roundTrip();
      assertEquals(wire.buffer, new Uint8Array(64));
    }),
  );

  Deno.test(
    test("a buffer that is detached while the connection is idle loses the connection", async (fixture) => {
      const wire = new BufferedWire(64);
      const peer = await accepted(fixture, wire);
      await peer.send(encode("first"));
      await wire.has(5);
      wire.buffer.buffer.transfer();
      await peer.send(encode("second"));
      const reason = await wire.lost();
      assert(/detached/.test(reason.message), reason.message);
      // A transport that copies finds the detached buffer in the result of getBuffer().
      fixture.errors.take();
    }),
  );

  Deno.test(
    test("an error in getBuffer() or bufferUpdated() loses only that connection", async (fixture) => {
      const planned = new Error("planned");
      const fail = (): never => {
        throw planned;
      };
      const wires = [
        new BufferedWire(64),
        Object.assign(new BufferedWire(64), { getBuffer: fail }),
        Object.assign(new BufferedWire(64), { bufferUpdated: fail }),
      ];
      let built = 0;
      const { place } = fixture.listen(new Wires(() => wires[built++] ?? null));
      fixture.run();
      const peers = [];
      for (const wire of wires) {
        peers.push(await fixture.rawConnect(place));
        await wire.seen("made");
      }
      const [good, ...bad] = wires;
      for (const peer of peers) await peer.send(encode("text")).catch(() => {});
      for (const wire of bad) assert(await wire.lost() === planned);
      await good?.has(4);
      assertEquals(good?.text, "text");
      assertEquals(fixture.errors.take(), [planned, planned]);
    }),
  );
}
