/**
 * Measures the server's resident memory per idle connection, compared with a loop written by hand.
 *
 * Opens 5,000 connections on three servers: one that has just started, where the engine also grows
 * its young generation once, whatever is allocated; one with a small young generation; and one that
 * already has 1,000 connections. Linux only, and needs `ulimit -n 8000` or more.
 *
 * Usage: `deno run -A bench/idle.ts [CONNECTIONS]`
 *
 * @module
 */

import { ServerProcess } from "./server_process.ts";

const connections = Number(Deno.args[0] ?? 5000);

/** Opens connections one after another, so that the backlog never fills. */
async function open(port: number, count: number): Promise<Deno.TcpConn[]> {
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  return conns;
}

/**
 * Waits until the server's memory has not changed for half a second, as all connections are
 * accepted.
 */
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
