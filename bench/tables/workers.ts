/**
 * An HTTP server in one process, and in workers with a supervisor on one port. Servers and `wrk`,
 * which is the client, share all processors.
 *
 * @module
 */

import { compare, type Options, type Table, TableRecorder } from "../measure.ts";
import { denoProgram, isInstalled, ServerProcess } from "../server_process.ts";
import { request } from "./http.ts";

const CONNECTIONS = 32;
const ONE = "1 process";
const PROGRAMS: Record<string, readonly string[]> = {
  [ONE]: ["deno"],
  "1 worker on epoll": ["epoll", "1"],
  "2 workers on epoll": ["epoll", "2"],
};
const PATHS = { "Hello": "", "a page of 400 rows": "page" };

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "An HTTP server in several processes",
    shape: "matrix",
    metrics: {
      perSecond: { title: "requests per second", unit: "/s" },
      cpu: { title: "processor time of the server per request", unit: "µs" },
    },
    references: [ONE],
  }, options);
  if (!isInstalled("wrk")) {
    recorder.missing.push("all: wrk is not installed");
    return recorder.finish();
  }
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, ServerProcess>();
  for (const [name, args] of Object.entries(PROGRAMS)) {
    const program = { ...denoProgram("servers/http_workers.ts", args), isSpread: true };
    servers.set(name, stack.use(await ServerProcess.start(program)));
  }
  const load = { connections: CONNECTIONS, isSpread: true, args: [] };
  for (const [name, path] of Object.entries(PATHS)) {
    const contenders = [...servers].map(([name, server]) => ({
      name,
      run: () => request(server, { ...load, path }, options.seconds),
    }));
    // The first round warms up the compilers.
    await compare(recorder, name, contenders, options.rounds, 1);
  }
  return recorder.finish();
}
