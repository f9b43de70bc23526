/**
 * A server of PING and SET on this library, and the same server on `node:net`. Their client is
 * `redis-benchmark -P 16`, from Debian's `redis-tools`, and `redis-server` runs beside them as the
 * limit.
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

const NODE = "node:net";
/** A client takes about 20 ms to connect, which must not count. */
const REQUESTS_PER_SECOND = 1_000_000;
const LOADS = { "PING, 16 ahead": "ping_mbulk", "SET, 16 ahead": "set" };

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "A server of RESP under `redis-benchmark -P 16`",
    shape: "matrix",
    metrics: {
      perSecond: { title: "requests per second", unit: "/s" },
      cpu: { title: "processor time of the server per request", unit: "µs" },
    },
    references: [NODE],
  }, options);
  if (!isInstalled("redis-benchmark")) {
    recorder.missing.push("all: redis-tools is not installed");
    return recorder.finish();
  }
  const programs: Record<string, ServerProgram> = {
    [NODE]: denoProgram("servers/node_resp_server.ts"),
  };
  for (const name of HOST_REACTORS) {
    programs[torsionName(name)] = denoProgram("servers/torsion_resp_server.ts", [name]);
  }
  if (isInstalled("redis-server")) programs["redis-server"] = redisServer();
  else recorder.missing.push("redis-server: it is not installed");
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, ServerProcess>();
  for (const [name, program] of Object.entries(programs)) {
    servers.set(name, stack.use(await ServerProcess.start(program)));
  }
  const requests = Math.round(REQUESTS_PER_SECOND * options.seconds);
  for (const [load, test] of Object.entries(LOADS)) {
    const contenders = [...servers].map(([name, server]) => ({
      name,
      run: () => send(server, test, requests),
    }));
    // The first round warms up the compilers.
    await compare(recorder, load, contenders, options.rounds, 1);
  }
  return recorder.finish();
}

/** Returns redis-server without saving. It cannot choose a free port itself. */
function redisServer(): ServerProgram {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const args = ["--port", `${port}`, "--save", "", "--bind", "127.0.0.1"];
  return { command: "redis-server", args, ready: /port=(\d+)[^]*Ready to accept connections/ };
}

async function send(
  server: ServerProcess,
  test: string,
  requests: number,
): Promise<Record<string, number>> {
  const [command, ...args] = onProcessor(1, [
    "redis-benchmark",
    ...["-p", `${server.port}`, "-P", "16", "-n", `${requests}`, "-t", test, "--csv"],
  ]);
  const before = server.cpuSeconds();
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const cpu = (server.cpuSeconds() - before) / requests * 1e6;
  const output = new TextDecoder().decode(stdout);
  const perSecond = Number(/^"[A-Z_]+","([0-9.]+)"/m.exec(output.split("\n").at(-2) ?? "")?.[1]);
  if (success && perSecond > 0) return { perSecond, cpu };
  throw new Error(`redis-benchmark failed: ${output}${new TextDecoder().decode(stderr)}`);
}
