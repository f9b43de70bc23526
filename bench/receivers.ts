/**
 * Comparisons of receivers: all sides receive the same bytes in the same chunks, without a socket.
 *
 * @module
 */

import {
  chunksOf,
  compare,
  type Contender,
  type Options,
  processorSeconds,
  type TableRecorder,
} from "./measure.ts";
import { PythonProgram } from "./python.ts";

/** The name of this library's side. */
export const OURS = "torsion";
const CHUNK_SIZES = [65536, 1448];
const WARM_UPS = 3;

/** The number of the values that a side has received, and the sum of their lengths. */
export interface Received {
  count: number;
  length: number;
}

/** A side in this process. */
export interface Receiver {
  readonly name: string;
  /** Receives all chunks. */
  receive(chunks: readonly Uint8Array<ArrayBuffer>[]): Received | Promise<Received>;
}

/** A side in Python. */
export interface PythonReceiver {
  readonly name: string;
  /** The path of the script. It prints the seconds of each round, the count and the length. */
  readonly script: string;
  /** The arguments before the size of the chunks; `FILE` stands for the file with the bytes. */
  readonly args: readonly string[];
}

/** The bytes to receive, and the sides. */
export interface ReceiverLoad {
  /** The name of the load, without the size of the chunks. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The number of the values in the bytes. */
  readonly count: number;
  /** The number of values that the unit of the rate counts: 1000 for k/s. */
  readonly unit: number;
  readonly receivers: readonly Receiver[];
  /** The side in Python; `null` if it is not installed. */
  readonly python: PythonReceiver | null;
  /**
   * How often a side receives all bytes in its turn, after once that does not count: others leave
   * behind garbage and cold caches, for which it does not pay. By default, each turn counts.
   */
  readonly times?: number;
}

/** Receives all bytes once, and returns the seconds of processor time that it took. */
type Round = () => Promise<Received & { readonly seconds: number }>;

/** Compares the `rate` of receivers, in chunks of several sizes. */
export async function compareReceivers(
  recorder: TableRecorder,
  load: ReceiverLoad,
  { rounds }: Options,
): Promise<void> {
  const { name, bytes, receivers, python } = load;
  for (const size of CHUNK_SIZES) {
    const contend = contenderFor(load);
    const contenders = receivers.map((receiver) =>
      contend(receiver.name, inProcess(receiver, bytes, size))
    );
    await using stack = new AsyncDisposableStack();
    if (python !== null) {
      const args = [...python.args, `${size}`];
      const program = stack.use(await PythonProgram.start(python.script, bytes, args));
      contenders.push(contend(python.name, inPython(program)));
    }
    const chunks = `${name} in chunks of ${size.toLocaleString("en")} B`;
    await compare(recorder, chunks, contenders, rounds, WARM_UPS);
  }
}

function inProcess(receiver: Receiver, bytes: Uint8Array, size: number): Round {
  return async () => {
    const chunks = chunksOf(bytes, size);
    const start = processorSeconds();
    const { count, length } = await receiver.receive(chunks);
    return { seconds: processorSeconds() - start, count, length };
  };
}

function inPython(program: PythonProgram): Round {
  return async () => {
    const [seconds = NaN, count = NaN, length = NaN] = await program.round();
    return { seconds, count, length };
  };
}

/** Returns a function that makes contenders, which check that all receive the same. */
function contenderFor(
  { count, unit, times }: ReceiverLoad,
): (name: string, round: Round) => Contender {
  let expected = NaN;
  const secondsOf = async (name: string, round: Round): Promise<number> => {
    const received = await round();
    if (Number.isNaN(expected)) expected = received.length;
    if (received.count === count && received.length === expected) return received.seconds;
    throw new Error(
      `${name} received ${received.count} values of ${count}, with ${received.length} bytes of ` +
        `${expected}`,
    );
  };
  return (name, round) => ({
    name,
    async run(): Promise<Record<string, number>> {
      if (times !== undefined) await secondsOf(name, round);
      let seconds = 0;
      for (let i = 0; i < (times ?? 1); i++) seconds += await secondsOf(name, round);
      return { rate: count * (times ?? 1) / seconds / unit };
    },
  });
}
