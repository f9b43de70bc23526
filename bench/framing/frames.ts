/**
 * What `tables/framing.ts` compares: ways to split the same bytes into frames.
 *
 * @module
 */

import type { Receiver } from "../receivers.ts";

/** The wire format of the frames. */
export type Format = "lines as text" | "lines as bytes" | "netstrings" | "Int32 strings";

/** A way to receive frames of one format. */
export interface FrameReceiver extends Receiver {
  readonly format: Format;
}

/** Returns the bytes of `count` frames with the given content. */
export function encodeFrames(format: Format, content: string, count: number): Uint8Array {
  const encoder = new TextEncoder();
  if (format === "netstrings") return encoder.encode(`${content.length}:${content},`.repeat(count));
  if (format !== "Int32 strings") return encoder.encode(`${content}\n`.repeat(count));
  const bytes = new Uint8Array((4 + content.length) * count);
  const view = new DataView(bytes.buffer);
  const frame = encoder.encode(content);
  for (let at = 0; at < bytes.length; at += 4 + frame.length) {
    view.setUint32(at, frame.length);
    bytes.set(frame, at + 4);
  }
  return bytes;
}
