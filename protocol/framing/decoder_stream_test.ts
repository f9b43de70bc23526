/** decoderStream(), with the decoders of lines and netstrings. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  decoderStream,
  type FrameDecoder,
  IncompleteFrameError,
  LineDecoder,
  NetstringDecoder,
  NetstringParseError,
} from "../mod.ts";

const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Collects the frames of chunks into `frames`. */
async function collect(
  decoder: FrameDecoder<Uint8Array>,
  chunks: string[],
  frames: string[],
): Promise<void> {
  const encoder = new TextEncoder();
  const source = ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk)));
  for await (const frame of source.pipeThrough(decoderStream(decoder))) frames.push(text(frame));
}

Deno.test("decoderStream() returns the frames of a stream, whatever its chunks", async () => {
  for (const chunks of [["3:one,3:two,"], [..."3:one,3:two,"], ["3:on", "e,3:two", ","]]) {
    const frames: string[] = [];
    await collect(new NetstringDecoder(), chunks, frames);
    assertEquals(frames, ["one", "two"]);
  }
});

Deno.test("decoderStream() returns the last frame, which only the end completes", async () => {
  const frames: string[] = [];
  const decoder = new LineDecoder({ delimiter: "\n", allowUnterminated: true });
  await collect(decoder, ["one\ntw", "o"], frames);
  assertEquals(frames, ["one", "two"]);
});

Deno.test("decoderStream() fails if the input ends within a frame", async () => {
  const frames: string[] = [];
  await assertRejects(
    () => collect(new NetstringDecoder(), ["3:one,3:t"], frames),
    IncompleteFrameError,
    "Cannot complete a netstring: the input ends after 3 of its bytes (at byte 6 of the input)",
  );
  assertEquals(frames, ["one"]);
});

Deno.test("decoderStream() fails and cancels its source if the input is malformed", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    start(controller): void {
      controller.enqueue(new TextEncoder().encode("3:one,x"));
    },
    cancel(reason): void {
      cancelled = reason;
    },
  });
  const reader = source.pipeThrough(decoderStream(new NetstringDecoder())).getReader();
  const error = await assertRejects(async () => {
    while (!(await reader.read()).done);
  }, NetstringParseError);
  // The source is cancelled in a later microtask than the failure of the reader.
  for (let i = 0; i < 10 && cancelled === undefined; i++) await null;
  assert(cancelled === error);
});
