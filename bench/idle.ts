/**
 * Idle connections: resident memory of the server for each, against the loop that people write by
 * hand.
 *
 * Counts 5,000 connections three times: on a server that has just started, whose engine also grows
 * its young generation by then, once and whatever is allocated; on one that is told to keep that
 * small; and on one that holds 1,000 already. Linux only, and needs `ulimit -n 8000` or more.
 * usage: deno run -A bench/idle.ts [CONNECTIONS]
 *
 * @module
 */

import { ServerProcess } from "./server_process.ts";

const connections = Number(Deno.args[0] ?? 5000);

/** Opens connections one after the other, so that the backlog is never full. */
async function open(port: number, count: number): Promise<Deno.TcpConn[]> {
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  return conns;
}

/** Until the server's memory stays the same for half a second: it has accepted all that came. */
async function settled(server: ServerProcess): Promise<number> {
  for (let before = 0, now = server.residentKiB();; before = now, now = server.residentKiB()) {
    if (now === before) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function cost(file: string, warmUp: number, flags: string[]): Promise<number> {
  await using server = await ServerProcess.start(file, flags);
  const first = await open(server.port, warmUp);
  const before = await settled(server);
  const conns = await open(server.port, connections);
  const after = await settled(server);
  for (const conn of [...first, ...conns]) conn.close();
  return (after - before) / connections;
}

const SMALL_YOUNG_GENERATION = "--v8-flags=--max-semi-space-size=1";
const SERVERS: [description: string, warmUp: number, flags: string[]][] = [
  ["on a fresh server", 0, []],
  [`on a fresh server with ${SMALL_YOUNG_GENERATION}`, 0, [SMALL_YOUNG_GENERATION]],
  ["beside 1000 others", 1000, []],
];

for (const [description, warmUp, flags] of SERVERS) {
  const hand = await cost("echo_by_hand.ts", warmUp, flags);
  const torsion = await cost("echo_server.ts", warmUp, flags);
  console.log(
    `${connections} idle connections ${description}: ` +
      `by hand ${hand.toFixed(2)} KiB each, torsion ${torsion.toFixed(2)} KiB`,
  );
}
