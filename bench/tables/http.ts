/**
 * The processor time per request of `HTTPFactory`, and of `Deno.serve`. The handler answers
 * `Hello`, over connections that stay open, one request at a time and pipelined. The client is
 * `wrk`, from Debian's package of that name.
 *
 * @module
 */

import { torsionName } from "../echo_servers.ts";
import { HOST_REACTORS } from "../host_reactors.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";
import {
  denoProgram,
  isInstalled,
  onProcessor,
  ServerProcess,
  type ServerProgram,
} from "../server_process.ts";

const CONNECTIONS = 16;
/** Requests that a client sends at once. */
const PIPELINED = 16;
const PEER = "Deno.serve";

/** The metrics of an HTTP server. */
export const CPU = { title: "processor time of the server per request", unit: "µs" } as const;
export const PER_SECOND = { title: "requests per second", unit: "/s" } as const;

const PIPELINE_SCRIPT = `init = function(args)
  local requests = {}
  for i = 1, ${PIPELINED} do requests[i] = wrk.format() end
  pipeline = table.concat(requests) end
request = function() return pipeline end
`;

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const programs = [...HOST_REACTORS, "serve"].map((kind): [string, ServerProgram] => [
    kind === "serve" ? PEER : torsionName(kind),
    denoProgram("servers/http_server.ts", [kind]),
  ]);
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, PIPELINE_SCRIPT);
    const recorder = new TableRecorder({
      title: "An HTTP server",
      shape: "matrix",
      metrics: { cpu: CPU, perSecond: PER_SECOND },
      references: [PEER],
    }, options);
    return await compareServers(recorder, programs, {
      [`${CONNECTIONS} connections`]: { connections: CONNECTIONS, args: [] },
      [`${CONNECTIONS} connections, ${PIPELINED} ahead`]: {
        connections: CONNECTIONS,
        args: ["-s", script],
      },
    }, options);
  } finally {
    await Deno.remove(script);
  }
}

/**
 * Compares servers of HTTP under several loads.
 *
 * @param recorder The table.
 * @param programs The servers, with their names in the table.
 * @param loads The loads, by their names in the table.
 * @param options The options of the measurement.
 */
export async function compareServers(
  recorder: TableRecorder,
  programs: readonly [name: string, program: ServerProgram][],
  loads: Readonly<Record<string, HTTPLoad>>,
  options: Options,
): Promise<Table> {
  if (!isInstalled("wrk")) {
    recorder.missing.push("all: wrk is not installed");
    return recorder.finish();
  }
  await using stack = new AsyncDisposableStack();
  const servers: [string, ServerProcess][] = [];
  for (const [name, program] of programs) {
    servers.push([name, stack.use(await ServerProcess.start(program))]);
  }
  for (const [name, load] of Object.entries(loads)) {
    const contenders = servers.map(([name, server]) => ({
      name,
      run: () => request(server, load, options.seconds),
    }));
    // The first round warms up the compilers.
    await compare(recorder, name, contenders, options.rounds, 1);
  }
  return recorder.finish();
}

/** The load of a server. */
export interface HTTPLoad {
  readonly connections: number;
  /** The path of the requests, without its first slash. */
  readonly path?: string;
  /** Further arguments of wrk. */
  readonly args: readonly string[];
  /** Whether wrk may use all processors. */
  readonly isSpread?: boolean;
}

/** Has wrk send requests. It takes whole seconds only. */
async function request(
  server: ServerProcess,
  { connections, path = "", args: more, isSpread = false }: HTTPLoad,
  atLeast: number,
): Promise<Record<string, number>> {
  const seconds = Math.ceil(atLeast);
  const all = ["-t1", `-c${connections}`, `-d${seconds}s`, ...more];
  const url = `http://127.0.0.1:${server.port}/${path}`;
  const words: [string, ...string[]] = ["wrk", ...all, url];
  const [command, ...args] = isSpread ? words : onProcessor(1, words);
  const before = server.cpuSeconds();
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const time = server.cpuSeconds() - before;
  const output = new TextDecoder().decode(stdout);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const perSecond = Number(/^Requests\/sec:\s+([0-9.]+)/m.exec(output)?.[1]);
  if (success && perSecond > 0 && !/Socket errors|Non-2xx/.test(output)) {
    return { cpu: time / requests * 1e6, perSecond };
  }
  throw new Error(`wrk failed: ${output}${new TextDecoder().decode(stderr)}`);
}
