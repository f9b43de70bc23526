import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { FrameReceiver } from "./frame_receiver.ts";

/**
 * The base class of {@linkcode NetstringReceiver} and {@linkcode IntNStringReceiver}: receives
 * strings of bytes, whose length is known before they arrive.
 *
 * @typeParam F The factory that builds it.
 */
export abstract class StringReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<Uint8Array, F> {
  /**
   * The maximum length of a received string, in bytes. A change takes effect with the next string.
   *
   * @default {99999}
   */
  MAX_LENGTH = 99999;

  /**
   * Called with each string. Override it to receive strings.
   *
   * @param _string The bytes, without their framing: a view of the chunk in which they arrived. The
   *   memory is never written again. `slice()` a string that is kept for long, because the view
   *   keeps the whole chunk in memory.
   * @throws {Error} when it is not overridden.
   */
  stringReceived(_string: Uint8Array): void {
    throw new Error(
      `Cannot deliver a received string: ${this.constructor.name} does not override ` +
        "stringReceived()",
    );
  }

  /**
   * Sends a string with its framing.
   *
   * @param string Bytes, or a string that is encoded as UTF-8.
   */
  abstract sendString(string: Uint8Array | string): void;

  /** Passes a string to {@linkcode stringReceived}. */
  override frameReceived(frame: Uint8Array): void {
    return this.stringReceived(frame);
  }
}
