import type { FrameDecoder } from "./frame_decoder.ts";

/**
 * Returns a stream that decodes bytes to frames, for `readable.pipeThrough()`.
 *
 * The stream fails with the decoder's `FramingError` if the input violates the format, and with an
 * `IncompleteFrameError` if the input ends within a frame. Frames before the violation are passed
 * on.
 *
 * @typeParam Frame The type of a frame.
 * @param decoder The decoder. It must not be used elsewhere.
 * @returns The stream. Its writable side expects bytes; its readable side returns frames.
 *
 * @example Read the lines of a stream
 * ```ts
 * import { decoderStream, LineDecoder } from "@torsion/reactor/protocol";
 *
 * const body = new Response("one\ntwo\n").body ?? new ReadableStream();
 * const lines = body.pipeThrough(decoderStream(new LineDecoder({ delimiter: "\n" })));
 * for await (const line of lines) {
 *   console.log(new TextDecoder().decode(line));
 * }
 * ```
 */
export function decoderStream<Frame>(
  decoder: FrameDecoder<Frame>,
): TransformStream<Uint8Array, Frame> {
  const drain = (controller: TransformStreamDefaultController<Frame>): void => {
    for (let frame = decoder.next(); frame !== null; frame = decoder.next()) {
      controller.enqueue(frame);
    }
  };
  return new TransformStream({
    transform(chunk, controller): void {
      decoder.push(chunk);
      drain(controller);
    },
    flush(controller): void {
      decoder.finish();
      drain(controller);
    },
  });
}
