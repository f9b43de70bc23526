/**
 * The values per second of processor time that the client of memcached receives, and those of
 * Twisted's client and of packages from npm. All sides receive the same values in turns.
 *
 * - "answers" decodes values, without a client: the parser `memcache-parser` does so, too.
 * - "gets" requests values and receives them, without a socket, as Twisted's client does.
 * - "sockets" sets and gets values of a memcached server, 100 requests at a time. The clients
 *   `memcache-client` and `memjs` do so, too. The time of the server is not included.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { MemcacheParser } from "memcache-parser";
import { MemCacheDecoder, MemCacheProtocol } from "../../protocol/memcache/mod.ts";
import { Clock } from "../../task/mod.ts";
import { StringTransport } from "../../testing/mod.ts";
import { compare, type Options, processorSeconds, type Table, TableRecorder } from "../measure.ts";
import { clientsOf, type SocketClient } from "../memcache/socket_clients.ts";
import { hasTwisted } from "../python.ts";
import { compareReceivers, OURS, type Received, type Receiver } from "../receivers.ts";
import { isInstalled } from "../server_process.ts";

const VALUE = "the quick brown fox jumps over";
/** The number of requests that are in flight at a time. */
const BATCH = 100;
const REQUESTS_PER_SECOND = 60_000;
const WARM_UPS = 2;

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

/** The answers to requests of the keys key0, key1 and so on. */
function answersTo(requests: number): Uint8Array {
  const lines = Array.from(
    { length: requests },
    (_, i) => `VALUE key${i} 0 ${VALUE.length}\r\n${VALUE}\r\nEND\r\n`,
  );
  return new TextEncoder().encode(lines.join(""));
}

function decode(chunks: readonly Uint8Array[]): Received {
  const decoder = new MemCacheDecoder();
  const received = { count: 0, length: 0 };
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let answer = decoder.next(); answer !== null; answer = decoder.next()) {
      if (answer.type !== "value") continue;
      received.count++;
      received.length += answer.value.length;
    }
  }
  return received;
}

function parse(chunks: readonly Uint8Array<ArrayBuffer>[]): Received {
  const parser = new Parser(quiet);
  for (const { buffer } of chunks) parser.onData(Buffer.from(buffer));
  return parser;
}

function get(chunks: readonly Uint8Array[], requests: number): Received {
  const client = new MemCacheProtocol({ clock: new Clock(), maxInFlight: Infinity });
  client.makeConnection(new Transport());
  const received = { count: 0, length: 0 };
  for (let i = 0; i < requests; i++) {
    client.get(`key${i}`).addCallback((value) => {
      received.count++;
      received.length += value?.length ?? 0;
    });
  }
  for (const chunk of chunks) client.dataReceived(chunk);
  return received;
}

/** Sets and gets values of a server. */
async function exchange(client: SocketClient, requests: number): Promise<Record<string, number>> {
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
  const { count, length } = received;
  if (count === requests && length === requests * VALUE.length) {
    return { rate: requests / seconds / 1000 };
  }
  throw new Error(`${client.name} received ${count} values of ${length} bytes`);
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "memcached",
    shape: "pairs",
    metrics: { rate: { title: "values per second of processor time", unit: "k/s" } },
    references: [OURS],
  }, options);
  const requests = Math.round(REQUESTS_PER_SECOND * options.seconds);
  const load = { bytes: answersTo(requests), count: requests, unit: 1000 };
  const decoders = [
    { name: OURS, receive: decode },
    { name: "memcache-parser", receive: parse },
  ];
  const answers = { ...load, name: "answers", receivers: decoders, python: null };
  await compareReceivers(recorder, answers, options);
  const clients: Receiver[] = [{ name: OURS, receive: (chunks) => get(chunks, requests) }];
  const script = "memcache/twisted_memcache.py";
  const twisted = { name: "Twisted", script, args: ["FILE", `${requests}`] };
  const python = await hasTwisted(recorder) ? twisted : null;
  await compareReceivers(recorder, { ...load, name: "gets", receivers: clients, python }, options);
  if (isInstalled("memcached")) await measureSockets(recorder, requests, options.rounds);
  else recorder.missing.push("sets and gets over sockets: memcached is not installed");
  return recorder.finish();
}

async function measureSockets(
  recorder: TableRecorder,
  requests: number,
  rounds: number,
): Promise<void> {
  await using clients = await clientsOf();
  const contenders = [clients.ours, ...clients.others].map((client) => ({
    name: client.name,
    run: () => exchange(client, requests),
  }));
  await compare(recorder, "sets and gets over sockets", contenders, rounds, WARM_UPS);
}
