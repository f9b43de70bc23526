/**
 * The frames per second of processor time that the receivers of this library split, and those of a
 * loop by hand, `node:readline`, packages from npm, and Twisted's receivers. All sides receive the
 * same bytes in the same chunks, without a socket.
 *
 * @module
 */

import { encodeFrames } from "../framing/frames.ts";
import { OTHERS } from "../framing/other_framing.ts";
import { TORSION } from "../framing/torsion_framing.ts";
import { type Options, type Table, TableRecorder } from "../measure.ts";
import { hasTwisted } from "../python.ts";
import { compareReceivers, OURS } from "../receivers.ts";

const CONTENT = "the quick brown fox jumps over";
const BYTES_PER_SECOND = 8e6;

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Framing, in messages of 30 bytes",
    shape: "pairs",
    metrics: { rate: { title: "frames per second of processor time", unit: "M/s" } },
    references: [OURS],
  }, options);
  const count = Math.round(BYTES_PER_SECOND * options.seconds / CONTENT.length);
  const withTwisted = await hasTwisted(recorder);
  for (const ours of TORSION) {
    const name = ours.format;
    const bytes = encodeFrames(name, CONTENT, count);
    const receivers = [ours, ...OTHERS.filter((other) => other.format === name)];
    const twisted = { name: "Twisted", script: "framing/twisted_framing.py", args: [name, "FILE"] };
    const python = withTwisted ? twisted : null;
    await compareReceivers(recorder, { name, bytes, count, unit: 1e6, receivers, python }, options);
  }
  return recorder.finish();
}
