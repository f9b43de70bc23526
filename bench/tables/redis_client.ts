/**
 * The processor time that a command costs this library's client of Redis, and node-redis
 * (`@redis/client`), the client for JavaScript that Redis itself maintains.
 *
 * Both run in this process, with the same `redis-server` on a UNIX socket. The server's own time is
 * not counted.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { connectProtocol, DenoReactor, UNIXClientEndpoint } from "../../mod.ts";
import { asText, RESPClient } from "../../protocol/resp/mod.ts";
import { compare, type Options, processorSeconds, type Table, TableRecorder } from "../measure.ts";
import { isInstalled, ServerProcess } from "../server_process.ts";

/** The commands in flight at once. */
const BATCHES = [1, 16, 1000];
const COMMANDS_PER_SECOND = 20_000;
const VALUE = "a value of twenty b.";

/** A client: sends `GET` or `SET`, and returns the reply as text. */
interface Client {
  readonly name: string;
  readonly get: () => PromiseLike<string | null>;
  readonly set: () => PromiseLike<unknown>;
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "A client of Redis",
    shape: "pairs",
    metrics: { cpu: { title: "processor time per command", unit: "µs" } },
    references: ["torsion"],
  }, options);
  if (!isInstalled("redis-server")) {
    recorder.missing.push("all: redis-server is not installed");
    return recorder.finish();
  }
  const folder = await Deno.makeTempDir({ prefix: "redis-" });
  try {
    const path = `${folder}/redis.sock`;
    await using _server = await ServerProcess.start({
      command: "redis-server",
      args: ["--port", "0", "--unixsocket", path, "--dir", folder, "--save", ""],
      // The empty group stands for the port: the server listens on its UNIX socket only.
      ready: /()ready to accept connections/i,
    });
    await measureClients(path, options, recorder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return recorder.finish();
}

async function measureClients(
  path: string,
  options: Options,
  recorder: TableRecorder,
): Promise<void> {
  const reactor = new DenoReactor();
  const running = reactor.run();
  const endpoint = new UNIXClientEndpoint(reactor, path);
  const ours = await connectProtocol(endpoint, new RESPClient({ clock: reactor }));
  await ours.prepare();
  const node = createClient({ socket: { path, tls: false }, RESP: 3 });
  await node.connect();
  await node.set("key", VALUE);
  if (await ours.command(["GET", "key"]) !== VALUE) throw new Error("GET returned another value");
  const clients: Client[] = [
    {
      name: "torsion",
      get: () => ours.command(["GET", "key"], { read: asText }),
      set: () => ours.command(["SET", "key", VALUE]),
    },
    { name: "node-redis", get: () => node.get("key"), set: () => node.set("key", VALUE) },
  ];
  const commands = COMMANDS_PER_SECOND * options.seconds;
  for (const what of ["get", "set"] as const) {
    for (const batch of BATCHES) {
      const contenders = clients.map((client) => ({
        name: client.name,
        run: () => send(client[what], batch, commands),
      }));
      const load = `${what.toUpperCase()}, ${batch.toLocaleString("en")} in flight`;
      await compare(recorder, load, contenders, options.rounds, 2);
    }
  }
  node.destroy();
  reactor.stop();
  await running;
}

async function send(
  command: () => PromiseLike<unknown>,
  batch: number,
  commands: number,
): Promise<Record<string, number>> {
  const batches = Math.ceil(commands / batch);
  const start = processorSeconds();
  for (let i = 0; i < batches; i++) await Promise.all(Array.from({ length: batch }, command));
  return { cpu: (processorSeconds() - start) / batches / batch * 1e6 };
}
