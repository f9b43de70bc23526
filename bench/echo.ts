/**
 * Measures the server's processor time per round trip of an echo over loopback, compared with a
 * loop written by hand.
 *
 * Both servers run at the same time, each in its own process, and receive the same load in turn.
 * The result is the median of the ratios. Processor time varies less than wall time, and is the
 * cost of a server. Linux only.
 *
 * Usage: `deno run -A bench/echo.ts [ROUNDS] [SECONDS]`
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";

const [rounds = 5, seconds = 1] = Deno.args.map(Number);

/** The numbers of connections, and the sizes of their messages in bytes. */
const LOADS: [connections: number, size: number][] = [[1, 64], [64, 64], [256, 1024], [16, 65536]];

/**
 * Sends a message back and forth until the time is over.
 *
 * @returns The number of round trips.
 */
async function pingPong(conn: Deno.TcpConn, size: number, end: number): Promise<number> {
  const message = new Uint8Array(size).fill(120);
  const buffer = new Uint8Array(Math.max(size, 1024));
  let trips = 0;
  for (; performance.now() < end; trips++) {
    for (let sent = 0; sent < size;) sent += await conn.write(message.subarray(sent));
    for (let received = 0; received < size;) {
      const read = await conn.read(buffer);
      if (read === null) throw new Error(`the server closed after ${trips} round trips`);
      received += read;
    }
  }
  return trips;
}

/** Returns the server's processor time per round trip, in microseconds. */
async function load(server: ServerProcess, connections: number, size: number): Promise<number> {
  const conns = await Promise.all(
    Array.from(
      { length: connections },
      () => Deno.connect({ hostname: "127.0.0.1", port: server.port }),
    ),
  );
  for (const conn of conns) conn.setNoDelay(true);
  const before = server.cpuSeconds();
  const end = performance.now() + seconds * 1000;
  const trips = await Promise.all(conns.map((conn) => pingPong(conn, size, end)));
  const used = server.cpuSeconds() - before;
  for (const conn of conns) conn.close();
  return used / trips.reduce((sum, count) => sum + count, 0) * 1e6;
}

await using byHand = await ServerProcess.start("echo_by_hand.ts");
await using torsion = await ServerProcess.start("echo_server.ts");
await using epoll = await ServerProcess.start("echo_server_epoll.ts", ["--allow-ffi"]);
console.log(`echo, processor time of the server per round trip, median of ${rounds} rounds`);
for (const [connections, size] of LOADS) {
  const hand: number[] = [];
  const ratio: number[] = [];
  const epollRatio: number[] = [];
  // The first round is a warm-up.
  for (let round = 0; round <= rounds; round++) {
    const a = await load(byHand, connections, size);
    const b = await load(torsion, connections, size);
    const c = await load(epoll, connections, size);
    if (round === 0) continue;
    hand.push(a);
    ratio.push(b / a);
    epollRatio.push(c / a);
  }
  const name = `${connections} x ${size} B`.padEnd(12);
  console.log(
    `${name} by hand ${median(hand).toFixed(2)} us, torsion ${median(ratio).toFixed(2)} times ` +
      `that, on the epoll reactor ${median(epollRatio).toFixed(2)} times`,
  );
}
