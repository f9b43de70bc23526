/**
 * An HTTP server in one process, and in workers with a supervisor on one port. Servers and `wrk`,
 * which is the client, share all processors.
 *
 * @module
 */

import { type Options, type Table, TableRecorder } from "../measure.ts";
import { denoProgram, type ServerProgram } from "../server_process.ts";
import { compareServers, CPU, type HTTPLoad, PER_SECOND } from "./http.ts";

const CONNECTIONS = 32;
const ONE = "1 process";
const PROGRAMS: Record<string, readonly string[]> = {
  [ONE]: ["deno"],
  "1 worker on epoll": ["epoll", "1"],
  "2 workers on epoll": ["epoll", "2"],
};
const PATHS = { "Hello": "", "a page of 400 rows": "page" };

/** Measures the table. */
export function measure(options: Options): Promise<Table> {
  const programs = Object.entries(PROGRAMS).map(([name, args]): [string, ServerProgram] => [
    name,
    { ...denoProgram("servers/http_workers.ts", args), isSpread: true },
  ]);
  const loads = Object.entries(PATHS).map(([name, path]): [string, HTTPLoad] => [
    name,
    { connections: CONNECTIONS, isSpread: true, args: [], path },
  ]);
  const recorder = new TableRecorder({
    title: "An HTTP server in several processes",
    shape: "matrix",
    metrics: { perSecond: PER_SECOND, cpu: CPU },
    references: [ONE],
  }, options);
  return compareServers(recorder, programs, Object.fromEntries(loads), options);
}
