/**
 * Compares the answers per second of processor time that the client of memcached receives, with
 * Twisted's client and with packages from npm.
 *
 * - "answers" decodes values, without a client: the parser `memcache-parser` does so, too.
 * - "gets" requests values and receives them, without a socket, as Twisted's client does.
 * - "sockets" sets and gets values of a memcached server, 100 requests at a time. The clients
 *   `memcache-client` and `memjs` do so, too. The time of the server is not included.
 *
 * Usage: `deno run -A bench/memcache.ts [REQUESTS] [ROUNDS]`
 *
 * All sides receive the same values in turns, and in the first two jobs in the same chunks. A ratio
 * above 1 means that this library is faster; it is the median of the ratios of the rounds. Twisted
 * runs in Debian's Python (`apt install python3-twisted`), and is left out where it is missing, as
 * are the sockets without memcached.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { MemcacheParser } from "memcache-parser";
import { MemCacheDecoder, MemCacheProtocol } from "../protocol/memcache/mod.ts";
import { Clock } from "../task/mod.ts";
import { StringTransport } from "../testing/mod.ts";
import { chunksOf, processorSeconds } from "./measure.ts";
import { clientsOf, isMemcachedInstalled, type SocketClient } from "./memcache/socket_clients.ts";
import { median } from "./server_process.ts";
import { isTwistedInstalled, runTwisted } from "./twisted_program.ts";

const VALUE = "the quick brown fox jumps over";
const CHUNK_SIZES = [65536, 1448];
/** The number of requests that are in flight at a time. */
const BATCH = 100;

const requests = Number(Deno.args[0] ?? 100_000);
const rounds = Number(Deno.args[1] ?? 9);
if (!(requests > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/memcache.ts [REQUESTS] [ROUNDS]");
  Deno.exit(2);
}

/** What one side has received. */
interface Received {
  count: number;
  length: number;
}

/** One side of a comparison. */
interface Contender {
  readonly name: string;
  /** Does the job once. Returns the seconds of processor time. */
  run(): number | Promise<number>;
}

/** Ignores what is written. */
class Transport extends StringTransport {
  override write(): void {}
}

/** Counts values with the parser from npm. */
class Parser extends MemcacheParser implements Received {
  count = 0;
  length = 0;

  override processCmd(tokens: string[]): number {
    if (tokens[0] === "VALUE") this.initiatePending(tokens, Number(tokens[3]));
    return tokens.length;
  }

  override receiveResult(result: unknown): void {
    // A parser passes on what initiatePending() has made.
    const { data } = result as { data: Uint8Array };
    this.count++;
    this.length += data.length;
  }
}

const ignore = (): void => {};
const quiet = { error: ignore, warn: ignore, info: ignore, debug: ignore };

function check(name: string, { count, length }: Received): void {
  if (count === requests && length === requests * VALUE.length) return;
  throw new Error(`${name} received ${count} values of ${length} bytes`);
}

/** The answers to requests of the keys key0, key1 and so on. */
function answers(): Uint8Array {
  const lines = Array.from(
    { length: requests },
    (_, i) => `VALUE key${i} 0 ${VALUE.length}\r\n${VALUE}\r\nEND\r\n`,
  );
  return new TextEncoder().encode(lines.join(""));
}

function decode(bytes: Uint8Array, size: number): number {
  const chunks = chunksOf(bytes, size);
  const decoder = new MemCacheDecoder();
  const received = { count: 0, length: 0 };
  const start = processorSeconds();
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let answer = decoder.next(); answer !== null; answer = decoder.next()) {
      if (answer.type !== "value") continue;
      received.count++;
      received.length += answer.value.length;
    }
  }
  const seconds = processorSeconds() - start;
  check("torsion", received);
  return seconds;
}

function parse(bytes: Uint8Array, size: number): number {
  const chunks = chunksOf(bytes, size).map((chunk) => Buffer.from(chunk.buffer));
  const parser = new Parser(quiet);
  const start = processorSeconds();
  for (const chunk of chunks) parser.onData(chunk);
  const seconds = processorSeconds() - start;
  check("memcache-parser", parser);
  return seconds;
}

function get(bytes: Uint8Array, size: number): number {
  const chunks = chunksOf(bytes, size);
  const client = new MemCacheProtocol({ clock: new Clock(), maxInFlight: Infinity });
  client.makeConnection(new Transport());
  const received = { count: 0, length: 0 };
  const start = processorSeconds();
  for (let i = 0; i < requests; i++) {
    client.get(`key${i}`).addCallback((value) => {
      received.count++;
      received.length += value?.length ?? 0;
    });
  }
  for (const chunk of chunks) client.dataReceived(chunk);
  const seconds = processorSeconds() - start;
  check("torsion", received);
  return seconds;
}

async function getWithTwisted(bytes: Uint8Array, size: number): Promise<number> {
  const args = ["FILE", `${requests}`, `${size}`, "1"];
  const [[seconds = NaN, count = 0, length = 0] = []] = await runTwisted(
    "memcache/twisted_memcache.py",
    bytes,
    args,
  );
  check("Twisted", { count, length });
  return seconds;
}

/** Sets and gets values of a server. */
async function exchange(client: SocketClient): Promise<number> {
  const received = { count: 0, length: 0 };
  const start = processorSeconds();
  for (let at = 0; at < requests; at += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, requests - at) }, (_, i) => `key${at + i}`);
    await Promise.all(keys.map((key) => client.set(key, VALUE)));
    const values = await Promise.all(keys.map((key) => client.get(key)));
    for (const value of values) {
      received.count++;
      received.length += value?.length ?? 0;
    }
  }
  const seconds = processorSeconds() - start;
  check(client.name, received);
  return seconds;
}

/** Runs all sides in turns, and prints a line for the first one and for each of the others. */
async function compare(
  title: string,
  ours: Contender,
  others: readonly Contender[],
): Promise<void> {
  const times: Map<Contender, number[]> = new Map([ours, ...others].map((each) => [each, []]));
  // The first rounds warm up the compiler.
  for (let round = -3; round < rounds; round++) {
    for (const [contender, seconds] of times) {
      const time = await contender.run();
      if (round >= 0) seconds.push(time);
    }
  }
  const rate = (seconds: number[]): string =>
    `${Math.round(requests / median(seconds) / 1000)} k/s`;
  const own = times.get(ours) ?? [];
  console.log(`${title}: torsion ${rate(own)}`);
  for (const other of others) {
    const theirs = times.get(other) ?? [];
    const ratio = median(own.map((seconds, i) => (theirs[i] ?? NaN) / seconds));
    console.log(`  ${other.name.padEnd(16)}${rate(theirs)}, torsion ${ratio.toFixed(2)} x`);
  }
}

const bytes = answers();
const withTwisted = await isTwistedInstalled();
for (const size of CHUNK_SIZES) {
  await compare(`answers in chunks of ${size} B`, {
    name: "torsion",
    run: () => decode(bytes, size),
  }, [{ name: "memcache-parser", run: () => parse(bytes, size) }]);
}
for (const size of CHUNK_SIZES) {
  const twisted = { name: "Twisted", run: () => getWithTwisted(bytes, size) };
  await compare(
    `gets in chunks of ${size} B`,
    { name: "torsion", run: () => get(bytes, size) },
    withTwisted ? [twisted] : [],
  );
}
if (await isMemcachedInstalled()) {
  await using clients = await clientsOf();
  const contender = (client: SocketClient): Contender => ({
    name: client.name,
    run: () => exchange(client),
  });
  await compare(
    "sets and gets over sockets",
    contender(clients.ours),
    clients.others.map(contender),
  );
} else {
  console.log("sets and gets over sockets: left out, memcached is not installed");
}
