/**
 * What an author would use instead: a loop by hand, Node's own modules, or a package from npm.
 *
 * @module
 */

import { makeNetstringReader } from "@endo/netstring";
import { decode } from "it-length-prefixed";
import split2 from "split2";
import { Buffer } from "node:buffer";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Received } from "../receivers.ts";
import type { FrameReceiver } from "./frames.ts";

/** Counts the frames of an asynchronous iterable. */
async function count(frames: AsyncIterable<{ readonly length: number }>): Promise<Received> {
  const received = { count: 0, length: 0 };
  for await (const { length } of frames) {
    received.count++;
    received.length += length;
  }
  return received;
}

/** Counts the frames that `take` finds at the start of a buffer, to which the chunks are added. */
function countByHand(
  chunks: readonly Uint8Array[],
  take: (buffer: Buffer) => { readonly frame: Buffer; readonly end: number } | null,
): Received {
  const received = { count: 0, length: 0 };
  let rest = Buffer.alloc(0);
  for (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    for (let found = take(rest); found !== null; found = take(rest)) {
      received.count++;
      received.length += found.frame.length;
      rest = rest.subarray(found.end);
    }
  }
  return received;
}

export const OTHERS: readonly FrameReceiver[] = [
  {
    name: "by hand",
    format: "lines as text",
    receive(chunks): Received {
      const received = { count: 0, length: 0 };
      const decoder = new TextDecoder();
      let rest = "";
      for (const chunk of chunks) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          received.count++;
          received.length += line.length;
        }
      }
      return received;
    },
  },
  {
    name: "node:readline",
    format: "lines as text",
    async receive(chunks): Promise<Received> {
      const received = { count: 0, length: 0 };
      const lines = createInterface({ input: Readable.from(chunks) });
      lines.on("line", (line: string) => {
        received.count++;
        received.length += line.length;
      });
      await new Promise((resolve) => lines.on("close", resolve));
      return received;
    },
  },
  {
    name: "split2",
    format: "lines as text",
    async receive(chunks): Promise<Received> {
      const received = { count: 0, length: 0 };
      const lines = Readable.from(chunks).pipe(split2());
      lines.on("data", (line: string) => {
        received.count++;
        received.length += line.length;
      });
      await new Promise((resolve) => lines.on("end", resolve));
      return received;
    },
  },
  {
    name: "by hand",
    format: "lines as bytes",
    receive: (chunks) =>
      countByHand(chunks, (buffer) => {
        const at = buffer.indexOf(10);
        return at < 0 ? null : { frame: buffer.subarray(0, at), end: at + 1 };
      }),
  },
  {
    name: "by hand",
    format: "netstrings",
    receive: (chunks) =>
      countByHand(chunks, (buffer) => {
        const colon = buffer.indexOf(":");
        const end = colon + 1 + Number(buffer.toString("latin1", 0, colon));
        if (colon < 0 || buffer.length <= end) return null;
        if (buffer[end] !== 0x2c) throw new Error("Cannot decode a netstring: no comma");
        return { frame: buffer.subarray(colon + 1, end), end: end + 1 };
      }),
  },
  {
    name: "@endo/netstring",
    format: "netstrings",
    receive: (chunks) => count(makeNetstringReader(chunks)),
  },
  {
    name: "by hand",
    format: "Int32 strings",
    receive: (chunks) =>
      countByHand(chunks, (buffer) => {
        if (buffer.length < 4) return null;
        const end = 4 + buffer.readUInt32BE(0);
        return buffer.length < end ? null : { frame: buffer.subarray(4, end), end };
      }),
  },
  {
    name: "it-length-prefixed",
    format: "Int32 strings",
    receive(chunks): Promise<Received> {
      const lengthDecoder = Object.assign(
        (data: { subarray(start: number, end: number): Uint8Array }): number => {
          const bytes = data.subarray(0, 4);
          return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
        },
        { bytes: 4 },
      );
      async function* source(): AsyncGenerator<Uint8Array> {
        yield* chunks;
      }
      return count(decode(source(), { lengthDecoder }));
    },
  },
];
