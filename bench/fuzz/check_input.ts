/**
 * Checks one input of a parser:
 *
 * - The frames and the error are the same for all bytes at once, and for every split.
 * - No error but a `FramingError` is thrown, and each further call throws the same object.
 * - No more bytes wait in the decoder than it may keep.
 * - No chunk and no frame is written to after it was received.
 * - A protocol that receives the bytes neither throws nor logs an error.
 *
 * @module
 */

import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { type FrameDecoder, FramingError } from "../../protocol/mod.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { chunksOf, type Input } from "./input.ts";

/** What a decoder did with an input. */
export interface Outcome {
  readonly frames: number;
  /** `complete`, or the name of the last error. */
  readonly end: string;
  /** The greatest number of bytes that waited in the decoder. */
  readonly buffered: number;
}

/**
 * Checks an input, and returns what the decoder did with it.
 *
 * @param target The parser.
 * @param input The input. Its bytes are also decoded at once.
 * @param withProtocol Whether the protocol of the target also receives it.
 * @throws {Error} when the decoder or the protocol breaks a rule.
 */
export function checkInput(target: FuzzTarget, input: Input, withProtocol: boolean): Outcome {
  const whole = new Run(target).over([input.bytes.slice()]);
  const chunks = chunksOf(input);
  const split = new Run(target).over(chunks);
  if (whole.events.join("\n") !== split.events.join("\n")) {
    throw new Error(
      `The split changes the frames:\n  at once  ${whole.events.join("\n           ")}` +
        `\n  in parts ${split.events.join("\n           ")}`,
    );
  }
  checkUnchanged(input, chunks);
  if (withProtocol) checkProtocol(target, chunks);
  return split;
}

/** One run of a decoder over chunks. */
class Run implements Outcome {
  frames = 0;
  end = "complete";
  buffered = 0;
  /** The frames and the errors, as texts. */
  readonly events: string[] = [];
  readonly #target: FuzzTarget;
  readonly #decoder: FrameDecoder<unknown>;
  readonly #received: { readonly frame: unknown; readonly text: string }[] = [];

  constructor(target: FuzzTarget) {
    this.#target = target;
    this.#decoder = target.makeDecoder();
  }

  over(chunks: readonly Uint8Array[]): this {
    const isIntact = chunks.every((chunk) => {
      this.#decoder.push(chunk);
      return this.#drain();
    });
    if (isIntact) this.#finish();
    const rest = this.#decoder.buffered;
    const taken = this.#decoder.takeRest().length;
    if (rest !== taken) throw new Error(`takeRest() returned ${taken} bytes of ${rest}`);
    if (this.#decoder.next() !== null) throw new Error("There is a frame after takeRest()");
    for (const { frame, text } of this.#received) {
      if (textOfFrame(frame) !== text) throw new Error(`A frame has changed after it: ${text}`);
    }
    return this;
  }

  /** Takes the frames that are complete. Returns whether the decoder can continue. */
  #drain(): boolean {
    for (;;) {
      try {
        const frame = this.#decoder.next();
        if (frame === null) break;
        this.#add(frame);
      } catch (error) {
        if (!this.#failed(error)) return false;
      }
    }
    const { buffered } = this.#decoder;
    this.buffered = Math.max(this.buffered, buffered);
    if (buffered <= this.#target.maxBuffered) return true;
    throw new Error(
      `${buffered} bytes wait in the decoder: the limit is ${this.#target.maxBuffered}`,
    );
  }

  #finish(): void {
    try {
      this.#decoder.finish();
      this.#drain();
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#record(error);
    }
  }

  #add(frame: unknown): void {
    const text = textOfFrame(frame);
    this.#received.push({ frame, text });
    this.events.push(text);
    this.frames++;
  }

  /** Checks an error of the decoder. Returns whether the decoder can continue. */
  #failed(error: unknown): boolean {
    if (!(error instanceof FramingError)) throw error;
    this.#record(error);
    let again: unknown;
    try {
      this.#decoder.next();
    } catch (second) {
      again = second;
    }
    if (again !== error) throw new Error(`The second call did not throw the same error: ${again}`);
    return this.#target.recover?.(this.#decoder) ?? false;
  }

  #record(error: FramingError): void {
    this.end = error.name;
    this.events.push(`${error}`);
  }
}

function textOfFrame(frame: unknown): string {
  return Deno.inspect(frame, { depth: 100, iterableLimit: 10_000, strAbbreviateSize: 100_000 });
}

function checkUnchanged({ bytes }: Input, chunks: readonly Uint8Array[]): void {
  let at = 0;
  for (const chunk of chunks) {
    if (chunk.some((byte, i) => byte !== bytes[at + i])) throw new Error("A chunk was written to");
    at += chunk.length;
  }
}

/** Sends chunks to a protocol until it closes the connection. */
function checkProtocol(target: FuzzTarget, chunks: readonly Uint8Array[]): void {
  const protocol = target.makeProtocol?.();
  if (protocol === undefined) return;
  using _errors = new LoggedErrors();
  using fixture = connectProtocol(protocol);
  for (const chunk of chunks) {
    if (!fixture.connection.connected || fixture.connection.disconnecting) break;
    protocol.dataReceived(chunk);
  }
  fixture.connection.loseConnection();
  fixture.flush();
}
