/**
 * An echo server over WebSocket on this library, on `Deno.upgradeWebSocket`, and on the package
 * `ws` for Node.
 *
 * @module
 */

import { torsionName } from "../echo_servers.ts";
import { HOST_REACTORS } from "../host_reactors.ts";
import { type EchoLoad, runLoad } from "../load/websocket_load.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";
import { denoProgram, isInstalled, ServerProcess, type ServerProgram } from "../server_process.ts";

const DENO = "Deno.upgradeWebSocket";
const WS = "ws on Node";
const MESSAGES_PER_SECOND = 25_000;
/** How many more messages a load has whose messages leave together: each is cheaper. */
const CHEAPER = 8;

const text = (length: number): string => "x".repeat(length);
const LOADS: Record<string, EchoLoad> = {
  "text of 32 B": { message: text(32), batch: 1, connections: 16 },
  "text of 32 B, 32 at a time": { message: text(32), batch: 32, connections: 16 },
  "text of 1 KiB": { message: text(1024), batch: 1, connections: 16 },
  "16 KiB of bytes": { message: new Uint8Array(16_384), batch: 1, connections: 16 },
};

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Echo over WebSocket",
    shape: "matrix",
    metrics: {
      cpu: { title: "processor time of the server per message", unit: "µs" },
      perSecond: { title: "messages per second", unit: "/s" },
    },
    references: [DENO, WS],
  }, options);
  const programs: Record<string, ServerProgram> = {};
  for (const name of HOST_REACTORS) {
    programs[torsionName(name)] = denoProgram("servers/torsion_websocket_server.ts", [name]);
  }
  programs[DENO] = denoProgram("servers/deno_websocket_server.ts");
  if (isInstalled("node")) programs[WS] = await wsServer();
  else recorder.missing.push(`${WS}: node is not installed`);
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, ServerProcess>();
  for (const [name, program] of Object.entries(programs)) {
    servers.set(name, stack.use(await ServerProcess.start(program)));
  }
  for (const [name, load] of Object.entries(LOADS)) {
    const times = load.batch === 1 ? 1 : CHEAPER;
    const count = Math.ceil(MESSAGES_PER_SECOND * options.seconds) * times;
    const contenders = [...servers].map(([name, server]) => ({
      name,
      run: () => exchange(server, load, count),
    }));
    // The first round warms up the compilers.
    await compare(recorder, name, contenders, options.rounds, 1);
  }
  return recorder.finish();
}

/** Returns `ws` on Node, which gets the file that Deno has downloaded. */
async function wsServer(): Promise<ServerProgram> {
  await import("ws");
  const path = new URL("../servers/ws_server.mjs", import.meta.url).pathname;
  return { command: "node", args: [path, "0", import.meta.resolve("ws")] };
}

async function exchange(
  server: ServerProcess,
  load: EchoLoad,
  count: number,
): Promise<Record<string, number>> {
  const before = server.cpuSeconds();
  const seconds = await runLoad(server.port, load, count);
  const cpu = (server.cpuSeconds() - before) / count * 1e6;
  return { cpu, perSecond: count / seconds };
}
