/**
 * Forwarding between two connections, which send large amounts from the memory into which they were
 * read.
 *
 * @module
 */

import { assert } from "../assertions.ts";
import { joinConnections } from "../../protocol/join_connections.ts";
import { pattern, type RawPeer, same } from "../peers/raw_peer.ts";
import { type StreamFixture, streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { Wires } from "../fixtures/wire.ts";

const SIZE = 2 << 20;

/** Makes two raw peers whose connections to the reactor are joined. */
async function joinedPeers(fixture: StreamFixture): Promise<[RawPeer, RawPeer]> {
  const accepted = await fixture.accepted();
  const { peer, wire } = await fixture.connected(new Wires());
  joinConnections(accepted.wire.transport, wire.transport);
  return [accepted.peer, peer];
}

/** Sends bytes in pieces of many sizes, and asserts that they arrive. */
async function transfer(from: RawPeer, to: RawPeer, bytes: Uint8Array): Promise<void> {
  const receiving = to.read(bytes.length);
  for (let start = 0, size = 1; start < bytes.length; start += size, size = size * 7 % 400_009) {
    await from.send(bytes.subarray(start, start + size));
  }
  assert(same(await receiving, bytes), "other bytes arrived");
}

/** Defines the tests of forwarding. */
export function forwardingTests(kind: StreamTransport): void {
  const test = streamTest(kind);

  Deno.test(
    test("joinConnections() keeps the data of connections and directions apart", async (fixture) => {
      const ends = [await joinedPeers(fixture), await joinedPeers(fixture)];
      await Promise.all(ends.flatMap(([left, right], i) => [
        transfer(left, right, pattern(SIZE, 2 * i + 1)),
        transfer(right, left, pattern(SIZE, 2 * i + 2)),
      ]));
    }),
  );

  Deno.test(
    test("joinConnections() keeps the data of a slow reader while others are lost", async (fixture) => {
      const [slow, slowReader] = await joinedPeers(fixture);
      const [lost, lostReader] = await joinedPeers(fixture);
      const sent = pattern(4 * SIZE, 1);
      const sending = slow.send(sent);
      // A part is read, so that the rest waits in the forwarder when the connection is lost.
      const doomed = lost.send(pattern(8 * SIZE, 2)).catch(() => {});
      await lostReader.read(SIZE);
      lostReader.close();
      await doomed;
      const [left, right] = await joinedPeers(fixture);
      await transfer(left, right, pattern(SIZE, 3));
      assert(same(await slowReader.read(sent.length), sent), "other bytes arrived");
      await sending;
    }),
  );
}
