import { atOnce, quote } from "../../internal/foreign_value.ts";
import { checkFunction, checkInteger } from "../../internal/validation.ts";
import type { IProtocolFactory, ITransport } from "../../reactor/interfaces/mod.ts";
import { AsyncResults } from "../async_results.ts";
import { BufferedDecoder } from "./buffered_decoder.ts";
import type { FrameDecoder } from "./frame_decoder.ts";
import { FrameReceiver } from "./frame_receiver.ts";
import { FrameTooLongError } from "./framing_error.ts";
import { useMaxLength } from "./max_length.ts";

/**
 * A state of a {@linkcode StatefulProtocol}: the method that receives the next bytes, and their
 * number. The method is called with the protocol as `this`. It returns the next state, or
 * `undefined` to keep the state.
 */
export type ProtocolState = readonly [
  receive: (data: Uint8Array) => ProtocolState | undefined | void,
  length: number,
];

/**
 * A protocol that always knows how many bytes it needs next. Twisted's
 * `twisted.protocols.stateful.StatefulProtocol`.
 *
 * A state is a method and a number of bytes. When so many bytes have arrived, the method is called
 * with them, and returns the next state. Once the connection is closing, no method is called.
 *
 * @typeParam F The factory that builds it.
 *
 * @example A byte with the length, then the data
 * ```ts
 * import { type ProtocolState, StatefulProtocol } from "@torsion/reactor/protocol";
 *
 * class Frames extends StatefulProtocol {
 *   override getInitialState(): ProtocolState {
 *     return [this.header, 1];
 *   }
 *
 *   header(data: Uint8Array): ProtocolState {
 *     return [this.body, data[0] ?? 0];
 *   }
 *
 *   body(data: Uint8Array): ProtocolState {
 *     console.log(data);
 *     return this.getInitialState();
 *   }
 * }
 * ```
 */
export abstract class StatefulProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<Uint8Array, F> {
  /**
   * The maximum length of a state, in bytes. When a state needs more, the connection is closed:
   * its length may come from the peer. Twisted has no such limit.
   *
   * @default {99999}
   */
  MAX_LENGTH = 99999;
  readonly #decoder = new StateDecoder();
  #state: ProtocolState | null = null;

  /** Returns the first state. Called once, after `connectionMade()`. */
  abstract getInitialState(): ProtocolState;

  /**
   * Sets the transport, calls {@linkcode connectionMade} and {@linkcode getInitialState}.
   *
   * @param transport The connection.
   */
  override makeConnection(transport: ITransport): void {
    const results = new AsyncResults("Error while calling makeConnection");
    results.add(super.makeConnection(transport));
    this.#enter("getInitialState()", atOnce("getInitialState()", this.getInitialState()));
    // If connectionMade() is async, the result is a promise, although the interface declares void.
    return results.combined() as void;
  }

  /** Passes the bytes to the method of the current state, and enters the next state. */
  override frameReceived(frame: Uint8Array): void {
    const state = this.#state;
    if (state === null) return;
    const [receive, length] = state;
    const next = atOnce("the method of a state", receive.call(this, frame));
    if (next !== undefined && next !== null) return this.#enter("the method of a state", next);
    if (length === 0 && this.isReceptive) {
      throw new Error(
        `Cannot stay in the state ${quote(receive)} of ${this.constructor.name}: it needs no bytes`,
      );
    }
  }

  /** The decoder, which waits for the bytes of the current state. */
  protected override get decoder(): FrameDecoder<Uint8Array> {
    return this.#decoder;
  }

  /** Returns the bytes of the current state; `null` if more bytes are needed. */
  protected override nextFrame(): Uint8Array | null {
    useMaxLength(this.#decoder, this);
    return this.#decoder.next();
  }

  #enter(source: string, state: ProtocolState): void {
    if (!Array.isArray(state)) {
      throw new TypeError(`${source} must return a state [method, length], got ${quote(state)}`);
    }
    const [receive, length] = state;
    checkFunction(`the method in the state that ${source} returned`, receive);
    checkInteger(
      `the length in the state that ${source} returned`,
      length,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    this.#state = state;
    this.#decoder.length = length;
  }
}

/** Decodes frames of a length that is set before each of them. */
class StateDecoder extends BufferedDecoder<Uint8Array> {
  /** The length of the next frame, in bytes. */
  length = 0;
  /** The maximum length, in bytes. */
  maxLength = Infinity;
  protected override readonly frameName = "state";

  protected override decode(): Uint8Array | null {
    const { buffer, length } = this;
    if (length > this.maxLength) {
      throw new FrameTooLongError(this.frameName, length, this.maxLength, buffer.offset);
    }
    if (buffer.size >= length) return buffer.take(length);
    buffer.expect(length);
    return null;
  }
}
