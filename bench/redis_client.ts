/**
 * Compares the processor time that a command costs this library's client of Redis with that of
 * node-redis (`@redis/client`), the client for JavaScript that Redis itself maintains.
 *
 * Usage: `deno run -A bench/redis_client.ts [COMMANDS] [ROUNDS]`
 *
 * Both run in this process, in turns, with the same `redis-server` on a UNIX socket. A ratio above
 * 1 means that this library is cheaper; it is the median of the ratios of the rounds. The server's
 * own time is not counted.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { connectProtocol, reactor, UNIXClientEndpoint } from "../mod.ts";
import { asText, RESPClient } from "../protocol/resp/mod.ts";
import { processorSeconds } from "./measure.ts";
import { median, ServerProcess } from "./server_process.ts";

const commands = Number(Deno.args[0] ?? 20_000);
const rounds = Number(Deno.args[1] ?? 9);
if (!(commands > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/redis_client.ts [COMMANDS] [ROUNDS]");
  Deno.exit(2);
}

/** The commands in flight at once. */
const BATCHES = [1, 16, 1000];
const VALUE = "a value of twenty b.";

/** A client: sends `GET` or `SET`, and returns the reply as text. */
interface Contender {
  readonly name: string;
  readonly get: () => PromiseLike<string | null>;
  readonly set: () => PromiseLike<unknown>;
}

async function time(send: () => PromiseLike<unknown>, batch: number): Promise<number> {
  const start = processorSeconds();
  for (let left = commands; left > 0; left -= batch) {
    await Promise.all(Array.from({ length: batch }, send));
  }
  return processorSeconds() - start;
}

async function measure(contenders: Contender[], what: "get" | "set", batch: number): Promise<void> {
  const times = contenders.map((): number[] => []);
  // The first rounds warm up the compiler.
  for (let round = -3; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const seconds = await time(contender[what], batch);
      if (round >= 0) times[i]?.push(seconds);
    }
  }
  const [ours = []] = times;
  const parts = contenders.map(({ name }, i) => {
    const theirs = times[i] ?? [];
    const cost = `${name} ${(median(theirs) / commands * 1e6).toFixed(1)} µs`;
    if (i === 0) return cost;
    const ratio = median(theirs.map((seconds, round) => seconds / (ours[round] ?? NaN)));
    return `${cost} (ratio ${ratio.toFixed(2)})`;
  });
  console.log(`${what.toUpperCase()}, ${batch} in flight: ${parts.join(", ")}`);
}

const folder = await Deno.makeTempDir({ prefix: "redis-" });
const path = `${folder}/redis.sock`;
const options = ["--port", "0", "--unixsocket", path, "--dir", folder, "--save", ""];
// The empty group stands for the port: the server listens on its UNIX socket only.
const ready = /()ready to accept connections/i;
const server = await ServerProcess.startCommand("redis-server", options, ready);
try {
  const running = reactor.run();
  const endpoint = new UNIXClientEndpoint(reactor, path);
  const client = await connectProtocol(endpoint, new RESPClient({ clock: reactor }));
  await client.prepare();
  const node = createClient({ socket: { path, tls: false }, RESP: 3 });
  await node.connect();
  await node.set("key", VALUE);
  if (await client.command(["GET", "key"]) !== VALUE) throw new Error("GET returned another value");
  const contenders: Contender[] = [
    {
      name: "torsion",
      get: () => client.command(["GET", "key"], { read: asText }),
      set: () => client.command(["SET", "key", VALUE]),
    },
    { name: "node-redis", get: () => node.get("key"), set: () => node.set("key", VALUE) },
  ];
  for (const what of ["get", "set"] as const) {
    for (const batch of BATCHES) await measure(contenders, what, batch);
  }
  node.destroy();
  reactor.stop();
  await running;
} finally {
  await server[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
}
