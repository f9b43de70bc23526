/**
 * Compares the commands and replies per second of processor time that this library decodes with
 * those of the parsers that a JavaScript author would take, `redis-parser` and that of node-redis
 * (`@redis/client`), and with hiredis, the parser in C that Twisted's clients of Redis use.
 *
 * Usage: `deno run -A bench/resp.ts [VALUES] [ROUNDS]`
 *
 * All decode the same bytes in the same chunks, in turns, and return bulk strings as bytes. A ratio
 * above 1 means that this library is faster; it is the median of the ratios of the rounds. hiredis
 * runs in Debian's Python (`apt install python3-hiredis`), and is left out where it is missing.
 *
 * The results are alike, but not the same. The parsers of npm return bulk strings as `Buffer`s, and
 * this library returns `Uint8Array`s; all are views of the chunk, without a copy. For a simple
 * string, `redis-parser` returns a view, which it does not decode, and the others a string. This
 * library returns each reply in a message with its kind and attributes, and each command as a name
 * in upper case and arguments, of which all are read here. It checks line ends, digits and limits,
 * which `redis-parser` does not.
 *
 * @module
 */

import { OK, RESPEncoder } from "../protocol/resp/mod.ts";
import { chunksOf, processorSeconds } from "./measure.ts";
import { COMMAND_DECODERS, type Contender, type Decoded, REPLY_DECODERS } from "./resp/decoders.ts";
import { median } from "./server_process.ts";
import { canImport, runTwisted } from "./twisted_program.ts";

const CHUNK_SIZES = [65536, 1448];
/** How often a decoder decodes all bytes in its turn. */
const TIMES = 4;

const values = Number(Deno.args[0] ?? 100_000);
const rounds = Number(Deno.args[1] ?? 9);
if (!(values > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/resp.ts [VALUES] [ROUNDS]");
  Deno.exit(2);
}

const keyOf = (i: number): string => `key:${String(i).padStart(12, "0")}`;

/** Commands as `redis-benchmark -t set` sends them. */
function commands(): Uint8Array {
  const encoder = new RESPEncoder();
  for (let i = 0; i < values; i++) encoder.command(["SET", keyOf(i), "xxx"]);
  return encoder.take();
}

/** What a client receives for SET, INCR, GET and LRANGE. */
function replies(): Uint8Array {
  const kinds = [OK, 12345, "a value of twenty b.", ["one", "two", "three"]];
  const encoder = new RESPEncoder();
  for (let i = 0; i < values; i++) encoder.reply(kinds[i % 4] ?? null);
  return encoder.take();
}

/**
 * Returns the seconds that a contender takes, the mean of several times. It decodes all bytes once
 * before that: others leave behind garbage and cold caches, for which it does not pay.
 */
function time({ name, decode }: Contender, bytes: Uint8Array, size: number): [number, Decoded] {
  const decoded = decode(chunksOf(bytes, size));
  if (decoded.count !== values) throw new Error(`${name} decoded ${decoded.count} of ${values}`);
  let seconds = 0;
  for (let i = 0; i < TIMES; i++) {
    const chunks = chunksOf(bytes, size);
    const start = processorSeconds();
    decode(chunks);
    seconds += processorSeconds() - start;
  }
  return [seconds / TIMES, decoded];
}

/** The seconds of each round, by the names of the decoders. */
type Times = Map<string, number[]>;

async function measure(
  contenders: readonly Contender[],
  bytes: Uint8Array,
  size: number,
  withHiredis: boolean,
): Promise<Times> {
  const times: Times = new Map(contenders.map(({ name }) => [name, []]));
  if (withHiredis) times.set("hiredis", []);
  let length = NaN;
  // The first rounds warm up the compiler.
  for (let round = -3; round < rounds; round++) {
    for (const contender of contenders) {
      const [seconds, decoded] = time(contender, bytes, size);
      if (round >= 0) times.get(contender.name)?.push(seconds);
      if (Number.isNaN(length)) ({ length } = decoded);
      else if (length !== decoded.length) throw new Error(`${contender.name} decoded other values`);
    }
    if (!withHiredis || round < 0) continue;
    const args = ["FILE", `${size}`, "1"];
    const [[seconds = NaN, count] = []] = await runTwisted("resp/hiredis_reader.py", bytes, args);
    if (count !== values) throw new Error(`hiredis decoded ${count} of ${values}`);
    times.get("hiredis")?.push(seconds);
  }
  return times;
}

function report(what: string, size: number, times: Times): void {
  const [[, ours] = ["", []]] = times;
  const parts = [...times].map(([name, seconds]) => {
    const rate = `${name} ${Math.round(values / median(seconds) / 1000)} k/s`;
    const ratio = median(seconds.map((theirs, i) => theirs / (ours[i] ?? NaN)));
    return name === "torsion" ? rate : `${rate} (ratio ${ratio.toFixed(2)})`;
  });
  console.log(`${what} in chunks of ${size} B: ${parts.join(", ")}`);
}

const withHiredis = await canImport("hiredis");
if (!withHiredis) console.log("hiredis is left out: /usr/bin/python3 has no package hiredis");
const jobs = [
  ["commands", commands(), COMMAND_DECODERS],
  ["replies", replies(), REPLY_DECODERS],
] as const;
for (const [what, bytes, contenders] of jobs) {
  for (const size of CHUNK_SIZES) {
    report(what, size, await measure(contenders, bytes, size, withHiredis));
  }
}
