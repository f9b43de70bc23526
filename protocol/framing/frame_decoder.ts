/**
 * The part of a wire format that takes bytes and returns frames: a message, a line, a string. It
 * has no transport, does no I/O and reads no clock.
 *
 * A decoder obeys these rules, so that receivers, streams and fuzzers work with every decoder:
 *
 * - Any split of the same bytes into chunks gives the same frames, the same errors and the same
 *   offsets in them.
 * - The cost is linear in the number of bytes, even if they arrive one by one.
 * - A chunk that is pushed belongs to the decoder. A frame may be a view of it, because neither is
 *   ever written again.
 * - Input that violates the format makes {@linkcode next} throw a `FramingError`, and no other
 *   error. Each further call throws the same error object, until {@linkcode takeRest} has removed
 *   the bytes, or a method of the particular decoder has skipped the frame.
 * - Limits are options of the constructor, with safe defaults. The buffer never exceeds the limit
 *   of one frame by more than the last chunk.
 *
 * @typeParam Frame The type of a frame. It must not include `null`.
 *
 * @example Read netstrings out of chunks
 * ```ts
 * import { type FrameDecoder, NetstringDecoder } from "@torsion/reactor/protocol";
 *
 * const decoder: FrameDecoder<Uint8Array> = new NetstringDecoder();
 * for (const chunk of ["5:he", "llo,5:wor", "ld,"]) {
 *   decoder.push(new TextEncoder().encode(chunk));
 *   for (let frame = decoder.next(); frame !== null; frame = decoder.next()) {
 *     console.log(new TextDecoder().decode(frame));
 *   }
 * }
 * decoder.finish();
 * ```
 */
export interface FrameDecoder<Frame> {
  /** The number of bytes that have been pushed and belong to no frame that was returned. */
  readonly buffered: number;
  /**
   * Adds bytes that have arrived.
   *
   * @param chunk The bytes, in any number. The decoder keeps them.
   */
  push(chunk: Uint8Array): void;
  /**
   * Returns the next frame.
   *
   * @returns The frame; `null` if more bytes are needed.
   * @throws {FramingError} when the input violates the format.
   */
  next(): Frame | null;
  /**
   * Declares the end of the input. Call {@linkcode next} again after it: a few formats have a frame
   * that only the end of the input completes.
   *
   * @throws {IncompleteFrameError} when the input ends within a frame.
   */
  finish(): void;
  /**
   * Removes the bytes that belong to no frame that was returned, and prepares the decoder for a new
   * frame. A protocol passes them to its successor, or to `startTLS` as `received`.
   *
   * @returns The removed bytes, with the beginning of a frame that is incomplete.
   */
  takeRest(): Uint8Array;
}
