/**
 * Compares the frames per second of processor time that the receivers of this library split, with a
 * loop by hand, `node:readline`, packages from npm, and Twisted's receivers.
 *
 * Usage: `deno run -A bench/framing.ts [MEGABYTES] [ROUNDS]`
 *
 * All sides receive the same bytes in the same chunks, without a socket, in turns. A ratio above 1
 * means that this library is faster; it is the median of the ratios of the rounds. Twisted runs in
 * Debian's Python (`apt install python3-twisted`), and is left out where it is missing.
 *
 * @module
 */

import { type Contender, encodeFrames, type Format, type Received } from "./framing/contender.ts";
import { OTHERS } from "./framing/other_framing.ts";
import { TORSION } from "./framing/torsion_framing.ts";
import { chunksOf, processorSeconds } from "./measure.ts";
import { median } from "./server_process.ts";
import { isTwistedInstalled, runTwisted } from "./twisted_program.ts";

const CONTENT = "the quick brown fox jumps over";
const CHUNK_SIZES = [65536, 1448];

const megabytes = Number(Deno.args[0] ?? 4);
const rounds = Number(Deno.args[1] ?? 9);
if (!(megabytes > 0) || !(rounds > 0)) {
  console.error("usage: deno run -A bench/framing.ts [MEGABYTES] [ROUNDS]");
  Deno.exit(2);
}

/** The bytes to receive, in chunks. */
interface Load {
  readonly format: Format;
  readonly bytes: Uint8Array;
  readonly chunkSize: number;
  readonly frames: number;
}

function loadOf(format: Format, chunkSize: number): Load {
  const frames = Math.round(megabytes * 1e6 / CONTENT.length);
  return { format, chunkSize, frames, bytes: encodeFrames(format, CONTENT, frames) };
}

function check(name: string, received: Received, load: Load): void {
  const length = load.frames * CONTENT.length;
  if (received.frames === load.frames && received.length === length) return;
  throw new Error(`${name} received ${received.frames} ${load.format} of ${load.frames}`);
}

/** Returns the seconds that one round takes. */
async function time(contender: Contender, load: Load): Promise<number> {
  const chunks = chunksOf(load.bytes, load.chunkSize);
  const start = processorSeconds();
  const received = await contender.receive(chunks);
  const seconds = processorSeconds() - start;
  check(contender.name, received, load);
  return seconds;
}

/** Returns the seconds of Twisted's best round of three, which run in a process of their own. */
async function timeTwisted(load: Load): Promise<number> {
  const args = [load.format, "FILE", `${load.chunkSize}`, "3"];
  const rounds = await runTwisted("framing/twisted_framing.py", load.bytes, args);
  return Math.min(...rounds.map(([seconds = NaN, frames = 0, length = 0]) => {
    check("Twisted", { frames, length }, load);
    return seconds;
  }));
}

/** Measures one load with all contenders in turns, and prints a line for each of the others. */
async function compare(load: Load, withTwisted: boolean): Promise<void> {
  const [torsion] = TORSION.filter(({ format }) => format === load.format);
  if (torsion === undefined) throw new Error(`This library has no receiver of ${load.format}`);
  const others = OTHERS.filter(({ format }) => format === load.format)
    .map((contender) => ({
      name: contender.name,
      run: () => time(contender, load),
      ratios: [0].slice(1),
      seconds: [0].slice(1),
    }));
  if (withTwisted) {
    others.push({ name: "Twisted", run: () => timeTwisted(load), ratios: [], seconds: [] });
  }
  const ours: number[] = [];
  // The first round warms up the compilers.
  for (let round = -1; round < rounds; round++) {
    for (const other of others) {
      const seconds = await time(torsion, load);
      const theirs = await other.run();
      if (round < 0) continue;
      ours.push(seconds);
      other.seconds.push(theirs);
      other.ratios.push(theirs / seconds);
    }
  }
  print(load, ours, others);
}

function print(
  load: Load,
  ours: number[],
  others: readonly { name: string; ratios: number[]; seconds: number[] }[],
): void {
  const rate = (seconds: number[]): string =>
    `${(load.frames / median(seconds) / 1e6).toFixed(2)} M/s`;
  console.log(`${load.format} in chunks of ${load.chunkSize} B: torsion ${rate(ours)}`);
  for (const { name, ratios, seconds } of others) {
    console.log(`  ${name.padEnd(20)}${rate(seconds)}, torsion ${median(ratios).toFixed(2)} x`);
  }
}

const withTwisted = await isTwistedInstalled();
for (const { format } of TORSION) {
  for (const chunkSize of CHUNK_SIZES) await compare(loadOf(format, chunkSize), withTwisted);
}
