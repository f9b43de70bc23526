/**
 * Compares an echo server over WebSocket on this library, on its default reactor and on that of
 * `./epoll`, with `Deno.upgradeWebSocket` and with the package `ws` on Node.
 *
 * Usage: `deno run -A bench/websocket.ts [MESSAGES] [ROUNDS]`
 *
 * All servers run at the same time, each in its own process, and receive the load in turns. A ratio
 * above 1 means that the server on this library is faster; it is the median of the ratios of the
 * rounds: one of the messages per second, and one of the processor time of the server per message,
 * which varies less on a busy machine. Linux only. `ws` is left out where Node is missing.
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";
import { type EchoLoad, runLoad } from "./websocket/echo_load.ts";

const messages = Number(Deno.args[0] ?? 20_000);
const rounds = Number(Deno.args[1] ?? 5);
if (!(messages > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/websocket.ts [MESSAGES] [ROUNDS]");
  Deno.exit(2);
}

const LOADS: readonly EchoLoad[] = [
  { name: "text of 32 B", message: "x".repeat(32), batch: 1, connections: 16 },
  { name: "text of 32 B, 32 at a time", message: "x".repeat(32), batch: 32, connections: 16 },
  { name: "text of 1 KiB", message: "x".repeat(1024), batch: 1, connections: 16 },
  { name: "16 KiB of bytes", message: new Uint8Array(16_384), batch: 1, connections: 16 },
];

/** The servers with which those on this library are compared. */
const PEERS = ["Deno.upgradeWebSocket", "ws on Node"];

/** What a round has measured: messages per second, and processor time per message in seconds. */
interface Measured {
  rate: number;
  cost: number;
}

/** Starts `ws` on Node. Returns null if Node is not installed. */
async function startWs(): Promise<ServerProcess | null> {
  const server = new URL("websocket/ws_server.mjs", import.meta.url).pathname;
  // Node gets the file that Deno has downloaded.
  await import("ws");
  const file = import.meta.resolve("ws");
  try {
    return await ServerProcess.startCommand("node", [server, "0", file]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("ws on Node is left out: Node is not installed");
    return null;
  }
}

async function measure(server: ServerProcess, load: EchoLoad): Promise<Measured> {
  // The system counts processor time in units of 10 ms, so cheap messages need more of them.
  const count = load.batch === 1 ? messages : messages * 8;
  const before = server.cpuSeconds();
  const seconds = await runLoad(server.port, load, count);
  return { rate: count / seconds, cost: (server.cpuSeconds() - before) / count };
}

async function compare(load: EchoLoad, servers: ReadonlyMap<string, ServerProcess>): Promise<void> {
  const measured = new Map<string, Measured[]>([...servers.keys()].map((name) => [name, []]));
  // The first round warms up the compilers.
  for (let round = -1; round < rounds; round++) {
    for (const [name, server] of servers) {
      const result = await measure(server, load);
      if (round >= 0) measured.get(name)?.push(result);
    }
  }
  for (const [name, results] of measured) {
    const rate = (median(results.map(({ rate }) => rate)) / 1000).toFixed(1);
    const cost = (median(results.map(({ cost }) => cost)) * 1e6).toFixed(2);
    const ratios = PEERS.map((peer) => ratioText(results, peer, measured.get(peer)));
    const isOurs = name.startsWith("torsion");
    console.log(`${load.name}: ${name} ${rate} k/s at ${cost} us${isOurs ? ratios.join("") : ""}`);
  }
}

/** Returns the ratios to a peer; the empty string if it has not been measured. */
function ratioText(ours: readonly Measured[], peer: string, theirs?: readonly Measured[]): string {
  if (theirs === undefined) return "";
  const faster = median(ours.map(({ rate }, i) => rate / (theirs[i]?.rate ?? NaN)));
  const cheaper = median(ours.map(({ cost }, i) => (theirs[i]?.cost ?? NaN) / cost));
  return `; to ${peer} ${faster.toFixed(2)}, of processor time ${cheaper.toFixed(2)}`;
}

await using torsion = await ServerProcess.start("websocket/torsion_server.ts");
await using epoll = await ServerProcess.start("websocket/torsion_server_epoll.ts", ["--allow-ffi"]);
await using deno = await ServerProcess.start("websocket/deno_server.ts");
await using ws = await startWs();
const servers = new Map<string, ServerProcess>([
  ["torsion", torsion],
  ["torsion on epoll", epoll],
  ["Deno.upgradeWebSocket", deno],
]);
if (ws !== null) servers.set("ws on Node", ws);
console.log(`Median of ${rounds} rounds of ${messages} messages`);
for (const load of LOADS) await compare(load, servers);
