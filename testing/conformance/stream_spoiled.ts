/**
 * Writes whose memory is detached or shrunk before it has been sent.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "../assertions.ts";
import { ConnectionAborted, ConnectionDone } from "../../reactor/errors.ts";
import { endingOf, pattern, type RawPeer, same } from "../peers/raw_peer.ts";
import { type StreamFixture, streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { type Wire, Wires } from "../fixtures/wire.ts";

const MEGABYTE = 1 << 20;
// More bytes than any system buffers for a peer that does not read.
const MUCH = 32 * MEGABYTE;

/** The ways in which the memory of a write becomes unusable. Each makes new memory. */
const WAYS: Record<string, { make(size: number): Uint8Array; spoil(bytes: Uint8Array): void }> = {
  "is transferred": {
    make: (size) => new Uint8Array(size),
    spoil: ({ buffer }) => void structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }),
  },
  "is shrunk to nothing": {
    make: (size) => new Uint8Array(new ArrayBuffer(size, { maxByteLength: size })),
    spoil: ({ buffer }) => (buffer as ArrayBuffer).resize(0),
  },
  "is shrunk to a part": {
    make: (size) => new Uint8Array(new ArrayBuffer(size, { maxByteLength: size }), 0, size),
    spoil: ({ buffer }) => (buffer as ArrayBuffer).resize(5000),
  },
};

/** Defines the tests of writes whose memory becomes unusable. */
export function spoiledWriteTests(kind: StreamTransport): void {
  const test = streamTest(kind);

  for (const [way, { make, spoil }] of Object.entries(WAYS)) {
    Deno.test(
      test(`write() loses the connection if its buffer ${way} in the same turn`, async (fixture) => {
        const { peer, wire } = await besideAnother(fixture);
        const bytes = make(65536);
        wire.transport.write(bytes);
        spoil(bytes);
        await assertLost(wire, peer);
      }),
    );

    Deno.test(
      test(`write() loses the connection if its buffer ${way} behind another write`, async (fixture) => {
        const { peer, wire } = await besideAnother(fixture);
        const bytes = make(65536);
        wire.transport.write(new Uint8Array(MUCH));
        wire.transport.write(bytes);
        spoil(bytes);
        await assertLost(wire, peer);
      }),
    );

    Deno.test(
      test(`write() loses the connection if its buffer ${way} while it is sent`, async (fixture) => {
        const { peer, wire } = await besideAnother(fixture);
        const bytes = make(MUCH);
        wire.transport.write(bytes);
        // The first bytes have arrived: the rest is in the driver, or on its way there.
        await peer.read(1000);
        spoil(bytes);
        await assertLost(wire, peer);
      }),
    );
  }

  Deno.test(
    test("write() with transfer to the last of several connections reaches all of them", async (fixture) => {
      const factory = new Wires();
      const { place } = fixture.listen(factory);
      fixture.run();
      const peers = await Promise.all([0, 1, 2].map(() => fixture.rawConnect(place)));
      const wires = await Promise.all([0, 1, 2].map((i) => factory.wire(i)));
      const bytes = pattern(8 * MEGABYTE);
      const expected = bytes.slice();
      for (const [i, wire] of wires.entries()) wire.transport.write(bytes, { transfer: i === 2 });
      for (const wire of wires) wire.transport.loseConnection();
      // The last peer receives all data before the first reads.
      for (const peer of peers.toReversed()) assert(same(await peer.readAll(), expected));
      for (const wire of wires) assertInstanceOf(await wire.lost(), ConnectionDone);
      assertEquals(bytes.length, 0);
    }),
  );

  Deno.test(
    test("write() throws a TypeError for a detached buffer, and sends nothing", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      for (const { make, spoil } of Object.values(WAYS)) {
        const bytes = make(10_000);
        const view = bytes.subarray(6000, 9000);
        spoil(bytes);
        for (
          const write of [
            () => wire.transport.write(view),
            () => wire.transport.writeSequence(["no", view]),
          ]
        ) {
          assertThrows(write, TypeError, "its buffer has been detached (transferred) or shrunk");
        }
      }
      wire.transport.write("yes");
      wire.transport.loseConnection();
      assertEquals(new TextDecoder().decode(await peer.readAll()), "yes");
    }),
  );
}

/** Runs a test with a connection, and another one on the same port that must not be affected. */
async function besideAnother(
  fixture: StreamFixture,
): Promise<{ peer: RawPeer; wire: Wire }> {
  const factory = new Wires({ dataReceived: (wire, data) => wire.transport.write(data) });
  const { place } = fixture.listen(factory);
  fixture.run();
  const peer = await fixture.rawConnect(place);
  const wire = await factory.wire();
  const other = await fixture.rawConnect(place);
  await factory.wire(1);
  fixture.after(async () => {
    await other.send(new TextEncoder().encode("still here"));
    assertEquals(new TextDecoder().decode(await other.read(10)), "still here");
  });
  return { peer, wire };
}

async function assertLost(wire: Wire, peer: RawPeer): Promise<void> {
  const ending = endingOf(peer.readAll());
  const reason = await wire.lost();
  assertInstanceOf(reason, ConnectionAborted);
  assert(
    /was aborted: the buffer of a write was detached \(transferred\) or shrunk, with \d+ bytes unsent/
      .test(reason.message),
    reason.message,
  );
  await ending;
}
