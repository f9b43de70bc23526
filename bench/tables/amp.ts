/**
 * The boxes per second of processor time that AMP receives, and the calls that it answers, with
 * this library and with Twisted's AMP. No package from npm speaks AMP without a socket of its own.
 * Both sides receive the same bytes in the same chunks, without a socket.
 *
 * @module
 */

import { AMP, AmpBox, Command, Integer } from "../../protocol/amp/mod.ts";
import { StringTransport } from "../../testing/mod.ts";
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

const OURS = "torsion";
const CHUNK_SIZES = [65536, 1448];
const BOXES_PER_SECOND = 60_000;

const Sum = new Command("Sum", {
  arguments: { a: Integer, b: Integer },
  response: { total: Integer },
});

/** The work of a protocol: the boxes, and the bytes of their values or of the answers. */
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

type Job = keyof typeof JOBS;

/** Returns the bytes of calls of Sum. */
function callsOfSum(count: number): Uint8Array {
  const call = (_: unknown, i: number): Uint8Array =>
    new AmpBox({ a: `${i}`, b: "81", _command: "Sum", _ask: i.toString(16) }).serialize();
  const all = Array.from({ length: count }, call);
  const bytes = new Uint8Array(all.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const each of all) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "AMP",
    shape: "pairs",
    metrics: { rate: { title: "boxes per second of processor time", unit: "k/s" } },
    references: [OURS],
  }, options);
  const boxes = Math.round(BOXES_PER_SECOND * options.seconds);
  const bytes = callsOfSum(boxes);
  const withTwisted = await hasTwisted(recorder);
  for (const job of ["boxes", "calls"] as const) {
    for (const size of CHUNK_SIZES) {
      await using stack = new AsyncDisposableStack();
      let twisted: PythonProgram | null = null;
      if (withTwisted) {
        const args = [job, "FILE", `${size}`];
        twisted = stack.use(await PythonProgram.start("amp/twisted_amp.py", bytes, args));
      }
      const contenders = sidesOf(job, bytes, size, boxes, twisted);
      const load = `${job} in chunks of ${size.toLocaleString("en")} B`;
      await compare(recorder, load, contenders, options.rounds, 3);
    }
  }
  return recorder.finish();
}

/** Returns this library's side of a load, and Twisted's, which must do the same work. */
function sidesOf(
  job: Job,
  bytes: Uint8Array,
  size: number,
  boxes: number,
  twisted: PythonProgram | null,
): Contender[] {
  let expected = NaN;
  const rateOf = (name: string, seconds: number, { count, length }: Done): number => {
    if (Number.isNaN(expected)) expected = length;
    if (count === boxes && length === expected) return boxes / seconds / 1000;
    throw new Error(`${name} did ${count} ${job} of ${boxes}, with ${length} of ${expected} bytes`);
  };
  const ours = (): Record<string, number> => {
    const chunks = chunksOf(bytes, size);
    const protocol = new JOBS[job]();
    protocol.makeConnection(new Transport());
    const start = processorSeconds();
    for (const chunk of chunks) protocol.dataReceived(chunk);
    return { rate: rateOf(OURS, processorSeconds() - start, protocol) };
  };
  const sides: Contender[] = [{ name: OURS, run: ours }];
  if (twisted !== null) {
    const theirs = async (): Promise<Record<string, number>> => {
      const [seconds = NaN, count = 0, length = 0] = await twisted.round();
      return { rate: rateOf("Twisted", seconds, { count, length }) };
    };
    sides.push({ name: "Twisted", run: theirs });
  }
  return sides;
}
