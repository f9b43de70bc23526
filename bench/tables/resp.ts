/**
 * The commands and replies per second of processor time that this library decodes, and those of the
 * parsers that a JavaScript author would take, `redis-parser` and that of node-redis
 * (`@redis/client`), and of hiredis, the parser in C that Twisted's clients of Redis use.
 *
 * All decode the same bytes in the same chunks, and return bulk strings as bytes. hiredis runs in
 * Debian's Python (`apt install python3-hiredis`).
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

import { OK, RESPEncoder } from "../../protocol/resp/mod.ts";
import { type Options, type Table, TableRecorder } from "../measure.ts";
import { canImport } from "../python.ts";
import { compareReceivers, OURS } from "../receivers.ts";
import { COMMAND_DECODERS, REPLY_DECODERS } from "../resp/decoders.ts";

const VALUES_PER_SECOND = 200_000;
/** How often a decoder decodes all bytes in its turn. */
const TIMES = 4;

const keyOf = (i: number): string => `key:${String(i).padStart(12, "0")}`;

/** Commands as `redis-benchmark -t set` sends them. */
function commands(count: number): Uint8Array {
  const encoder = new RESPEncoder();
  for (let i = 0; i < count; i++) encoder.command(["SET", keyOf(i), "xxx"]);
  return encoder.take();
}

/** What a client receives for SET, INCR, GET and LRANGE. */
function replies(count: number): Uint8Array {
  const kinds = [OK, 12345, "a value of twenty b.", ["one", "two", "three"]];
  const encoder = new RESPEncoder();
  for (let i = 0; i < count; i++) encoder.reply(kinds[i % 4] ?? null);
  return encoder.take();
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "RESP, decoded",
    shape: "pairs",
    metrics: { rate: { title: "values per second of processor time", unit: "M/s" } },
    references: [OURS],
  }, options);
  const count = Math.round(VALUES_PER_SECOND * options.seconds);
  const withHiredis = await canImport("hiredis");
  if (!withHiredis) recorder.missing.push("hiredis: python3-hiredis is not installed");
  const jobs = [
    ["commands", commands(count), COMMAND_DECODERS],
    ["replies", replies(count), REPLY_DECODERS],
  ] as const;
  const hiredis = { name: "hiredis", script: "resp/hiredis_reader.py", args: ["FILE"] };
  const python = withHiredis ? hiredis : null;
  for (const [name, bytes, receivers] of jobs) {
    const load = { name, bytes, count, unit: 1e6, receivers, python, times: TIMES };
    await compareReceivers(recorder, load, options);
  }
  return recorder.finish();
}
