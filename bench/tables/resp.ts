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
import {
  chunksOf,
  compare,
  type Contender,
  type Options,
  processorSeconds,
  type Table,
  TableRecorder,
} from "../measure.ts";
import { canImport, PythonProgram } from "../python.ts";
import { COMMAND_DECODERS, type Contender as Decoder, REPLY_DECODERS } from "../resp/decoders.ts";

const CHUNK_SIZES = [65536, 1448];
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

/** The bytes to decode, with the number of their values. */
interface Load {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly size: number;
}

/** What one decoding has taken, and found. */
interface Decoding {
  readonly seconds: number;
  readonly count: number;
}

/**
 * Returns a contender whose figure is the mean of several decodings. It decodes all bytes once
 * before that: others leave behind garbage and cold caches, for which it does not pay.
 */
function contender(
  name: string,
  expected: number,
  decode: () => Decoding | Promise<Decoding>,
): Contender {
  return {
    name,
    async run(): Promise<Record<string, number>> {
      await decode();
      let total = 0;
      for (let i = 0; i < TIMES; i++) {
        const { seconds, count } = await decode();
        if (count !== expected) throw new Error(`${name} decoded ${count} of ${expected} values`);
        total += seconds;
      }
      return { rate: expected * TIMES / total / 1e6 };
    },
  };
}

/** Returns contenders that check that all decode strings of the same length. */
function inProcess(decoders: readonly Decoder[], { bytes, count, size }: Load): Contender[] {
  let length = NaN;
  return decoders.map(({ name, decode }) =>
    contender(name, count, () => {
      const chunks = chunksOf(bytes, size);
      const start = processorSeconds();
      const decoded = decode(chunks);
      const seconds = processorSeconds() - start;
      if (Number.isNaN(length)) ({ length } = decoded);
      if (length !== decoded.length) throw new Error(`${name} decoded other values`);
      return { seconds, count: decoded.count };
    })
  );
}

function hiredis(program: PythonProgram, { count }: Load): Contender {
  return contender("hiredis", count, async () => {
    const [seconds = NaN, decoded = NaN] = await program.round();
    return { seconds, count: decoded };
  });
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "RESP, decoded",
    shape: "pairs",
    metrics: { rate: { title: "values per second of processor time", unit: "M/s" } },
    references: ["torsion"],
  }, options);
  const count = Math.round(VALUES_PER_SECOND * options.seconds);
  const withHiredis = await canImport("hiredis");
  if (!withHiredis) recorder.missing.push("hiredis: python3-hiredis is not installed");
  const jobs = [
    ["commands", commands(count), COMMAND_DECODERS],
    ["replies", replies(count), REPLY_DECODERS],
  ] as const;
  for (const [what, bytes, decoders] of jobs) {
    for (const size of CHUNK_SIZES) {
      const load = { bytes, count, size };
      const contenders = inProcess(decoders, load);
      await using stack = new AsyncDisposableStack();
      if (withHiredis) {
        const args = ["FILE", `${size}`];
        const program = await PythonProgram.start("resp/hiredis_reader.py", bytes, args);
        contenders.push(hiredis(stack.use(program), load));
      }
      const name = `${what} in chunks of ${size.toLocaleString("en")} B`;
      await compare(recorder, name, contenders, options.rounds, 3);
    }
  }
  return recorder.finish();
}
