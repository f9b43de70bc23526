/**
 * The frames per second of processor time that the receivers of this library split, and those of a
 * loop by hand, `node:readline`, packages from npm, and Twisted's receivers. All sides receive the
 * same bytes in the same chunks, without a socket.
 *
 * @module
 */

import { type Contender as Receiver, encodeFrames, type Format } from "../framing/contender.ts";
import { OTHERS } from "../framing/other_framing.ts";
import { TORSION } from "../framing/torsion_framing.ts";
import {
  chunksOf,
  compare,
  type Contender,
  type Options,
  processorSeconds,
  type Table,
  TableRecorder,
} from "../measure.ts";
import { hasTwisted, PythonProgram } from "../python.ts";

const CONTENT = "the quick brown fox jumps over";
const CHUNK_SIZES = [65536, 1448];
const BYTES_PER_SECOND = 8e6;

/** The bytes to receive. */
interface Load {
  readonly format: Format;
  readonly bytes: Uint8Array;
  readonly chunkSize: number;
  readonly frames: number;
}

/** Returns the frames per second, after a check that all were received. */
function rateOf(name: string, load: Load, seconds: number, frames: number, length: number): number {
  if (frames === load.frames && length === frames * CONTENT.length) return frames / seconds / 1e6;
  throw new Error(`${name} received ${frames} ${load.format} of ${load.frames}`);
}

function inProcess({ name, receive }: Receiver, load: Load): Contender {
  return {
    name,
    async run(): Promise<Record<string, number>> {
      const chunks = chunksOf(load.bytes, load.chunkSize);
      const start = processorSeconds();
      const { frames, length } = await receive(chunks);
      return { rate: rateOf(name, load, processorSeconds() - start, frames, length) };
    },
  };
}

function onTwisted(program: PythonProgram, load: Load): Contender {
  return {
    name: "Twisted",
    async run(): Promise<Record<string, number>> {
      const [seconds = NaN, frames = 0, length = 0] = await program.round();
      return { rate: rateOf("Twisted", load, seconds, frames, length) };
    },
  };
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Framing, in messages of 30 bytes",
    shape: "pairs",
    metrics: { rate: { title: "frames per second of processor time", unit: "M/s" } },
    references: ["torsion"],
  }, options);
  const frames = Math.round(BYTES_PER_SECOND * options.seconds / CONTENT.length);
  const withTwisted = await hasTwisted(recorder);
  for (const ours of TORSION) {
    const { format } = ours;
    const bytes = encodeFrames(format, CONTENT, frames);
    for (const chunkSize of CHUNK_SIZES) {
      const load = { format, chunkSize, frames, bytes };
      const receivers = [ours, ...OTHERS.filter((other) => other.format === format)];
      const contenders = receivers.map((receiver) => inProcess(receiver, load));
      await using stack = new AsyncDisposableStack();
      if (withTwisted) {
        const args = [format, "FILE", `${chunkSize}`];
        const script = "framing/twisted_framing.py";
        const program = stack.use(await PythonProgram.start(script, bytes, args));
        contenders.push(onTwisted(program, load));
      }
      const name = `${format} in chunks of ${chunkSize.toLocaleString("en")} B`;
      await compare(recorder, name, contenders, options.rounds, 2);
    }
  }
  return recorder.finish();
}
