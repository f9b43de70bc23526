/**
 * The boxes per second of processor time that AMP receives, and the calls that it answers, with
 * this library and with Twisted's AMP. No package from npm speaks AMP without a socket of its own.
 * Both sides receive the same bytes in the same chunks, without a socket.
 *
 * @module
 */

import { AMP, AmpBox, Command, Integer } from "../../protocol/amp/mod.ts";
import { StringTransport } from "../../testing/mod.ts";
import { type Options, type Table, TableRecorder } from "../measure.ts";
import { hasTwisted } from "../python.ts";
import { compareReceivers, OURS, type Received, type Receiver } from "../receivers.ts";

const BOXES_PER_SECOND = 60_000;

const Sum = new Command("Sum", {
  arguments: { a: Integer, b: Integer },
  response: { total: Integer },
});

/** Counts the bytes that are written, as a socket would. */
class Transport extends StringTransport {
  written = 0;

  override write(data: Uint8Array | string): void {
    this.written += data.length;
  }
}

/** Counts boxes, and the bytes of their values. */
class Boxes extends AMP implements Received {
  count = 0;
  length = 0;

  override ampBoxReceived(box: AmpBox): void {
    this.count++;
    for (const value of box.values()) this.length += value.length;
  }
}

/** Counts calls, and the bytes of the answers. */
class Calculator extends AMP implements Received {
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

const JOBS = { boxes: () => new Boxes(), calls: () => new Calculator() };

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
  const count = Math.round(BOXES_PER_SECOND * options.seconds);
  const bytes = callsOfSum(count);
  const withTwisted = await hasTwisted(recorder);
  for (const [name, make] of Object.entries(JOBS)) {
    const receivers = [receiver(make)];
    const twisted = { name: "Twisted", script: "amp/twisted_amp.py", args: [name, "FILE"] };
    const python = withTwisted ? twisted : null;
    await compareReceivers(
      recorder,
      { name, bytes, count, unit: 1000, receivers, python },
      options,
    );
  }
  return recorder.finish();
}

function receiver(make: () => AMP & Received): Receiver {
  return {
    name: OURS,
    receive(chunks): Received {
      const protocol = make();
      protocol.makeConnection(new Transport());
      for (const chunk of chunks) protocol.dataReceived(chunk);
      return protocol;
    },
  };
}
