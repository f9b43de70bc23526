/**
 * A parser under test. A new one joins `fuzz_targets.ts`.
 *
 * @module
 */

import type { FrameDecoder } from "../../protocol/mod.ts";
import type { IProtocol } from "../../reactor/mod.ts";

/** A decoder with the properties that its input is checked for. */
export interface FuzzTarget {
  /** The name on the command line, and of the file in `corpus/`. */
  readonly name: string;
  /**
   * The library's files whose code the fuzzer tries to reach, as paths from the root of the
   * repository.
   */
  readonly sources: readonly string[];
  /** The maximum number of bytes that wait in the decoder for more bytes. */
  readonly maxBuffered: number;
  /** Pieces of valid input, from which the fuzzer composes input. */
  readonly tokens: readonly (string | Uint8Array)[];
  /** Creates a decoder. Small limits let short inputs exceed them. */
  makeDecoder(): FrameDecoder<unknown>;
  /**
   * Makes a decoder continue after an error, if it can do so in the same way for any split.
   *
   * @returns Whether it continues.
   */
  recover?(decoder: FrameDecoder<unknown>): boolean;
  /**
   * Creates a protocol that receives the format. It must neither throw nor log an error. Some
   * inputs are also sent to a connection of its own.
   */
  makeProtocol?(): IProtocol;
}
