/**
 * The resident memory of a server per idle connection, on a server that has just started, and
 * beside 1,000 other connections: an engine grows its young generation once, whatever is allocated.
 *
 * @module
 */

import {
  LOOP,
  PEERS,
  type Server,
  SMALL_YOUNG_GENERATION,
  startServer,
  TORSION,
} from "../echo_servers.ts";
import { LoadGenerator } from "../load_generator.ts";
import { type Options, type Table, TableRecorder } from "../measure.ts";
import type { ServerProcess } from "../server_process.ts";

/** The descriptors that a process has open for other purposes than connections. */
const SPARE_FILES = 500;
/** The memory has settled when it has not changed for this time. */
const SETTLED_MS = 150;

/** Measures the table. Each server is measured once: the figure hardly varies. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Memory of idle connections",
    shape: "matrix",
    metrics: { memory: { title: "resident memory of the server per connection", unit: "KiB" } },
    references: [LOOP],
  }, options);
  const connections = Math.min(options.connections, mostConnections());
  if (connections < options.connections) {
    recorder.missing.push(
      `${options.connections} connections: \`ulimit -n\` allows ${connections}`,
    );
  }
  const generator = await LoadGenerator.create();
  for (const server of [...TORSION, SMALL_YOUNG_GENERATION, ...PEERS]) {
    await measureServer(server, connections, generator, recorder);
  }
  return recorder.finish();
}

async function measureServer(
  server: Server,
  connections: number,
  generator: LoadGenerator,
  recorder: TableRecorder,
): Promise<void> {
  const started = await startServer(server, "echo", recorder);
  if (started === null) return;
  await using process = started.process;
  await using held = generator.hold(process);
  const fresh = await settled(process);
  const first = connections / 10;
  await held.open(first);
  const warm = await settled(process);
  await held.open(connections - first);
  const full = await settled(process);
  const text = (count: number): string => count.toLocaleString("en");
  recorder.add(`${text(connections)} on a fresh server`, server.name, {
    memory: (full - fresh) / connections,
  });
  recorder.add(`the last ${text(connections - first)} of them`, server.name, {
    memory: (full - warm) / (connections - first),
  });
}

/** Waits until a server's memory does not change. Returns it in KiB. */
async function settled(server: ServerProcess): Promise<number> {
  for (let before = 0, now = server.residentKiB();; before = now, now = server.residentKiB()) {
    if (now === before) return now;
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  }
}

/** Returns how many connections the system lets a process hold: its limit of open files. */
function mostConnections(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 1024) - SPARE_FILES;
}
