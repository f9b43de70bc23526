/**
 * Echo over loopback: processor time of the server per round trip, against the loop that people
 * write by hand.
 *
 * Both servers run side by side, each in its process, and take turns under the same load; what
 * counts is the ratio of each turn. Processor time is steadier than wall time, and is what a server
 * pays for. Linux only. usage: deno run -A bench/echo.ts [ROUNDS] [SECONDS]
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";

const [rounds = 5, seconds = 1] = Deno.args.map(Number);

/** How many connections, and how large a message goes to and fro on each. */
const LOADS: [connections: number, size: number][] = [[1, 64], [64, 64], [256, 1024], [16, 65536]];

/** One message to and fro until the time is over. @returns how many times. */
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

/** Microseconds of the server's processor time per round trip. */
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
console.log(`echo, processor time of the server per round trip, median of ${rounds} rounds`);
for (const [connections, size] of LOADS) {
  const hand: number[] = [];
  const ratio: number[] = [];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const a = await load(byHand, connections, size);
    const b = await load(torsion, connections, size);
    if (round === 0) continue;
    hand.push(a);
    ratio.push(b / a);
  }
  const name = `${connections} x ${size} B`.padEnd(12);
  console.log(
    `${name} by hand ${median(hand).toFixed(2)} us, torsion ${median(ratio).toFixed(2)} times that`,
  );
}
