/**
 * Compares a server of PING and SET on this library, on its default reactor and on that of
 * `./epoll`, with the same server on `node:net`. Their client is `redis-benchmark -P 16`, and
 * `redis-server` runs beside them as the limit.
 *
 * Usage: `deno run -A bench/resp_server.ts [REQUESTS] [ROUNDS]`
 *
 * All servers run at the same time, each in its own process, and receive the load in turns. A ratio
 * above 1 means that the server on this library is faster; it is the median of the ratios of the
 * rounds: one of the requests per second, and one of the processor time of the server per request,
 * which varies less on a busy machine. Linux only. It needs Debian's `redis-tools`; `redis-server`
 * is left out where it is missing.
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";

const requests = Number(Deno.args[0] ?? 200_000);
const rounds = Number(Deno.args[1] ?? 5);
if (!(requests > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/resp_server.ts [REQUESTS] [ROUNDS]");
  Deno.exit(2);
}

/** Starts redis-server without saving. Returns null if it is not installed. */
async function startRedis(): Promise<ServerProcess | null> {
  // Redis cannot choose a free port itself.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const args = ["--port", `${port}`, "--save", "", "--bind", "127.0.0.1"];
  try {
    const ready = /port=(\d+)[^]*Ready to accept connections/;
    return await ServerProcess.startCommand("redis-server", args, ready);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("redis-server is left out: it is not installed");
    return null;
  }
}

/** The servers with which those on this library are compared. */
const PEERS = ["node:net", "redis-server"];

/** What a round has measured: requests per second, and processor time per request in seconds. */
interface Measured {
  rate: number;
  cost: number;
}

async function load(server: ServerProcess, test: string): Promise<Measured> {
  const before = server.cpuSeconds();
  const { success, stdout, stderr } = await new Deno.Command("redis-benchmark", {
    args: ["-p", `${server.port}`, "-P", "16", "-n", `${requests}`, "-t", test, "--csv"],
  }).output();
  const output = new TextDecoder().decode(stdout);
  const rate = Number(/^"[A-Z_]+","([0-9.]+)"/m.exec(output.split("\n").at(-2) ?? "")?.[1]);
  if (!success || !(rate > 0)) {
    throw new Error(`redis-benchmark failed: ${output}${new TextDecoder().decode(stderr)}`);
  }
  return { rate, cost: (server.cpuSeconds() - before) / requests };
}

async function compare(test: string, servers: ReadonlyMap<string, ServerProcess>): Promise<void> {
  const measured = new Map<string, Measured[]>([...servers.keys()].map((name) => [name, []]));
  // The first round warms up the compilers.
  for (let round = -1; round < rounds; round++) {
    for (const [name, server] of servers) {
      const result = await load(server, test);
      if (round >= 0) measured.get(name)?.push(result);
    }
  }
  for (const [name, results] of measured) {
    const rate = Math.round(median(results.map(({ rate }) => rate)) / 1000);
    const cost = (median(results.map(({ cost }) => cost)) * 1e6).toFixed(2);
    const ratios = PEERS.map((peer) => ratioText(results, peer, measured.get(peer)));
    const isOurs = name.startsWith("torsion");
    console.log(`${test}: ${name} ${rate} k/s at ${cost} us${isOurs ? ratios.join("") : ""}`);
  }
}

/** Returns the ratios to a peer; the empty string if it has not been measured. */
function ratioText(ours: readonly Measured[], peer: string, theirs?: readonly Measured[]): string {
  if (theirs === undefined) return "";
  const faster = median(ours.map(({ rate }, i) => rate / (theirs[i]?.rate ?? NaN)));
  const cheaper = median(ours.map(({ cost }, i) => (theirs[i]?.cost ?? NaN) / cost));
  return `; to ${peer} ${faster.toFixed(2)}, of processor time ${cheaper.toFixed(2)}`;
}

await using torsion = await ServerProcess.start("resp/torsion_server.ts");
await using epoll = await ServerProcess.start("resp/torsion_server_epoll.ts", ["--allow-ffi"]);
await using node = await ServerProcess.start("resp/node_server.ts");
await using redis = await startRedis();
const servers = new Map<string, ServerProcess>([
  ["torsion", torsion],
  ["torsion on epoll", epoll],
  ["node:net", node],
]);
if (redis !== null) servers.set("redis-server", redis);
console.log(`redis-benchmark -P 16, median of ${rounds} rounds of ${requests} requests`);
for (const test of ["ping_mbulk", "set"]) await compare(test, servers);
