/**
 * Compares 100 writes of 20 bytes in one turn on a transport with 100 awaited `conn.write`s, in one
 * process, to a peer that reads.
 *
 * Usage: `deno run --allow-net bench/coalesce.ts [ROUNDS]`
 *
 * @module
 */

import { connectProtocol, DenoReactor, Protocol, TCP4ClientEndpoint } from "../mod.ts";
import { median } from "./server_process.ts";

const rounds = Number(Deno.args[0] ?? 500);
const WRITES = 100;
const piece = new Uint8Array(20).fill(120);
const total = WRITES * piece.length;

/** The peer: reads all bytes, and yields when a batch is complete. */
async function* batches(conn: Deno.TcpConn): AsyncGenerator<void> {
  using _closed = conn;
  const buffer = new Uint8Array(65536);
  let received = 0;
  for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
    for (received += read; received >= total; received -= total) yield;
  }
}

/**
 * Returns the microseconds from the first write until the peer has the last byte, as the median of
 * the rounds.
 */
async function measure(
  batch: () => void | Promise<void>,
  peer: AsyncGenerator<void>,
): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await batch();
    await peer.next();
    took.push((performance.now() - start) * 1000);
  }
  return median(took);
}

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

using raw = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
raw.setNoDelay(true);
const byHand = await measure(async () => {
  for (let i = 0; i < WRITES; i++) await raw.write(piece);
}, batches(await listener.accept()));

const reactor = new DenoReactor();
const running = reactor.run();
const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", listener.addr.port);
const { transport } = await connectProtocol(endpoint, new Protocol());
transport.setTcpNoDelay(true);
const coalesced = await measure(() => {
  for (let i = 0; i < WRITES; i++) transport.write(piece);
}, batches(await listener.accept()));
reactor.stop();
await running;

console.log(
  `${WRITES} writes of ${piece.length} B, median of ${rounds}: by hand ${byHand.toFixed(0)} us, ` +
    `torsion ${coalesced.toFixed(0)} us, ${(byHand / coalesced).toFixed(1)} times cheaper`,
);
