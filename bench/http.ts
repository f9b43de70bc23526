/**
 * Compares the processor time per request of `HTTPFactory` with that of `Deno.serve`. The handler
 * answers `Hello`, over connections that stay open, one request at a time and pipelined. Linux
 * only, with `wrk` (`apt install wrk`).
 *
 * Usage: `deno run -A bench/http.ts [SECONDS] [ROUNDS] [CONNECTIONS]`
 *
 * The servers run in processes of their own, and are measured in turns. A ratio below 1 means that
 * this library takes less time; it is the median of the ratios of the rounds.
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";

/** Requests that a client sends at once. */
const PIPELINED = 16;
const SERVERS = ["serve", "deno", "epoll"] as const;
const NAMES = { serve: "Deno.serve", deno: "DenoReactor", epoll: "EpollReactor" };

const seconds = Number(Deno.args[0] ?? 2);
const rounds = Number(Deno.args[1] ?? 5);
const connections = Number(Deno.args[2] ?? 16);
if (!Number.isInteger(seconds) || !(seconds > 0) || !(rounds > 0) || !(connections > 0)) {
  console.error("usage: deno run -A bench/http.ts [SECONDS] [ROUNDS] [CONNECTIONS]");
  Deno.exit(2);
}

const folder = await Deno.makeTempDir();
const script = `${folder}/pipeline.lua`;
await Deno.writeTextFile(
  script,
  `init = function(args)
  local requests = {}
  for i = 1, ${PIPELINED} do requests[i] = wrk.format() end
  pipeline = table.concat(requests) end
request = function() return pipeline end
`,
);

/** Runs wrk, and returns the number of requests that were answered. */
async function load(port: number, time: number, args: string[]): Promise<number> {
  const { stdout } = await new Deno.Command("wrk", {
    args: ["-t1", `-c${connections}`, `-d${time}s`, ...args, `http://127.0.0.1:${port}/`],
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (/Socket errors|Non-2xx/.test(text)) throw new Error(text);
  return Number(/(\d+) requests in/.exec(text)?.[1]);
}

/** Returns the processor time of a server per request, in microseconds. */
async function microseconds(server: ServerProcess, args: string[]): Promise<number> {
  const before = server.cpuSeconds();
  const requests = await load(server.port, seconds, args);
  return (server.cpuSeconds() - before) / requests * 1e6;
}

async function compare(what: string, args: string[]): Promise<void> {
  const times = Object.fromEntries(SERVERS.map((name) => [name, [] as number[]]));
  await using stack = new AsyncDisposableStack();
  const servers: [string, ServerProcess][] = [];
  for (const name of SERVERS) {
    const flags = ["--allow-ffi", "--allow-read"];
    const server = stack.use(await ServerProcess.start("http_server.ts", flags, [name]));
    servers.push([name, server]);
    await load(server.port, 1, args);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, server] of servers) times[name]?.push(await microseconds(server, args));
  }
  const theirs = times.serve ?? [];
  const parts = SERVERS.map((name) => {
    const ours = times[name] ?? [];
    const ratio = median(ours.map((time, i) => time / (theirs[i] ?? NaN)));
    return `${NAMES[name]} ${median(ours).toFixed(1)} µs (ratio ${ratio.toFixed(2)})`;
  });
  console.log(`${what}: ${parts.join(", ")}`);
}

try {
  await compare("one request at a time", []);
  await compare(`${PIPELINED} requests pipelined`, ["-s", script]);
} finally {
  await Deno.remove(folder, { recursive: true });
}
