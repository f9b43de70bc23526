/**
 * Compares the boxes per second of processor time that AMP receives, and the calls that it answers,
 * with Twisted's AMP. No package from npm speaks AMP without a socket of its own.
 *
 * Usage: `deno run -A bench/amp.ts [BOXES] [ROUNDS]`
 *
 * Both sides receive the same bytes in the same chunks, without a socket, in turns. A ratio above 1
 * means that this library is faster; it is the median of the ratios of the rounds. Twisted runs in
 * Debian's Python (`apt install python3-twisted`), and is left out where it is missing.
 *
 * @module
 */

import { AMP, AmpBox, Command, Integer } from "../protocol/amp/mod.ts";
import { StringTransport } from "../testing/mod.ts";
import { chunksOf, processorSeconds } from "./measure.ts";
import { median } from "./server_process.ts";
import { isTwistedInstalled, runTwisted } from "./twisted_program.ts";

const CHUNK_SIZES = [65536, 1448];

const boxes = Number(Deno.args[0] ?? 100_000);
const rounds = Number(Deno.args[1] ?? 9);
if (!(boxes > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/amp.ts [BOXES] [ROUNDS]");
  Deno.exit(2);
}

const Sum = new Command("Sum", {
  arguments: { a: Integer, b: Integer },
  response: { total: Integer },
});

/** What a protocol has done: the boxes, and the bytes of their values or of the answers. */
interface Done {
  count: number;
  length: number;
}

/** Counts the bytes that are written, as a socket would. */
class Transport extends StringTransport {
  written = 0;

  override write(data: Uint8Array | string): void {
    this.written += data.length;
  }
}

class Boxes extends AMP implements Done {
  count = 0;
  length = 0;

  override ampBoxReceived(box: AmpBox): void {
    this.count++;
    for (const value of box.values()) this.length += value.length;
  }
}

class Calculator extends AMP implements Done {
  count = 0;

  constructor() {
    super();
    this.responder(Sum, ({ a, b }) => {
      this.count++;
      return { total: a + b };
    });
  }

  get length(): number {
    return this.transport instanceof Transport ? this.transport.written : 0;
  }
}

const JOBS = { boxes: Boxes, calls: Calculator };

/** The bytes to receive: calls of Sum. */
function callsOfSum(): Uint8Array {
  const call = (_: unknown, i: number): Uint8Array =>
    new AmpBox({ a: `${i}`, b: "81", _command: "Sum", _ask: i.toString(16) }).serialize();
  const all = Array.from({ length: boxes }, call);
  const bytes = new Uint8Array(all.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const each of all) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

/** Returns the seconds that one round takes, and what it did. */
function time(job: keyof typeof JOBS, bytes: Uint8Array, size: number): [number, Done] {
  const chunks = chunksOf(bytes, size);
  const protocol = new JOBS[job]();
  protocol.makeConnection(new Transport());
  const start = processorSeconds();
  for (const chunk of chunks) protocol.dataReceived(chunk);
  return [processorSeconds() - start, protocol];
}

function check(name: string, done: Done, expected: Done): void {
  if (done.count === expected.count && done.length === expected.length) return;
  throw new Error(`${name} did ${JSON.stringify(done)}, expected ${JSON.stringify(expected)}`);
}

async function compare(job: keyof typeof JOBS, size: number, withTwisted: boolean): Promise<void> {
  const bytes = callsOfSum();
  const ours: number[] = [];
  const theirs: number[] = [];
  // The first rounds warm up the compiler.
  for (let round = -3; round < rounds; round++) {
    const [seconds, { count, length }] = time(job, bytes, size);
    if (count !== boxes) throw new Error(`torsion received ${count} of ${boxes} boxes`);
    if (round < 0) continue;
    ours.push(seconds);
    if (!withTwisted) continue;
    const [[best = NaN, theirCount = 0, theirLength = 0] = []] = await runTwisted(
      "amp/twisted_amp.py",
      bytes,
      [job, "FILE", `${size}`, "1"],
    );
    check("Twisted", { count: theirCount, length: theirLength }, { count, length });
    theirs.push(best);
  }
  const rate = (seconds: number[]): string => `${Math.round(boxes / median(seconds) / 1000)} k/s`;
  console.log(`${job} in chunks of ${size} B: torsion ${rate(ours)}`);
  if (!withTwisted) return;
  const ratio = median(ours.map((seconds, i) => (theirs[i] ?? NaN) / seconds));
  console.log(`  Twisted ${rate(theirs)}, torsion ${ratio.toFixed(1)} x`);
}

const withTwisted = await isTwistedInstalled();
for (const job of ["boxes", "calls"] as const) {
  for (const size of CHUNK_SIZES) await compare(job, size, withTwisted);
}
