/**
 * 100 writes of 20 bytes in one turn on a transport, and 100 awaited `conn.write`s, in one process,
 * to a peer that reads: the time from the first write until the peer has the last byte.
 *
 * @module
 */

import { connectProtocol, DenoReactor, Protocol, TCP4ClientEndpoint } from "../../mod.ts";
import {
  compare,
  type Contender,
  median,
  type Options,
  type Table,
  TableRecorder,
} from "../measure.ts";

const WRITES = 100;
const BATCHES_PER_SECOND = 400;
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

/** Returns a contender that sends batches, each when the peer has received the one before. */
function contender(
  name: string,
  peer: AsyncGenerator<void>,
  count: number,
  send: () => void | Promise<void>,
): Contender {
  return {
    name,
    async run(): Promise<Record<string, number>> {
      const took: number[] = [];
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        await send();
        await peer.next();
        took.push((performance.now() - start) * 1000);
      }
      return { time: median(took) };
    },
  };
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Small writes",
    shape: "pairs",
    metrics: { time: { title: "time until the peer has all", unit: "µs" } },
    references: ["transport.write"],
  }, options);
  const count = Math.ceil(BATCHES_PER_SECOND * options.seconds);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  using raw = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  raw.setNoDelay(true);
  const rawPeer = batches(await listener.accept());
  const byHand = contender("awaited conn.write", rawPeer, count, async () => {
    for (let i = 0; i < WRITES; i++) await raw.write(piece);
  });

  const reactor = new DenoReactor();
  const running = reactor.run();
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", listener.addr.port);
  const { transport } = await connectProtocol(endpoint, new Protocol());
  transport.setTcpNoDelay(true);
  const ourPeer = batches(await listener.accept());
  const coalesced = contender("transport.write", ourPeer, count, () => {
    for (let i = 0; i < WRITES; i++) transport.write(piece);
  });

  await compare(recorder, "100 writes of 20 B", [coalesced, byHand], options.rounds, 1);
  reactor.stop();
  await running;
  return recorder.finish();
}
