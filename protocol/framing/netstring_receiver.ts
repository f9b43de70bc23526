import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import type { FramingError } from "./framing_error.ts";
import { useMaxLength } from "./max_length.ts";
import { encodeNetstring, NetstringDecoder } from "./netstring_decoder.ts";
import { StringReceiver } from "./string_receiver.ts";

/**
 * A protocol that sends and receives netstrings, such as `5:hello,`. Twisted's
 * `twisted.protocols.basic.NetstringReceiver`.
 *
 * Override {@linkcode NetstringReceiver.stringReceived}. When the peer sends something else than a
 * netstring, or one longer than `MAX_LENGTH`, the connection is closed. Unlike in Twisted, no
 * string is passed on once the connection is closing, and the receiver can be paused.
 *
 * @typeParam F The factory that builds it.
 *
 * @example An echo, string by string
 * ```ts
 * import { NetstringReceiver } from "@torsion/reactor/protocol";
 *
 * class Echo extends NetstringReceiver {
 *   override stringReceived(string: Uint8Array) {
 *     this.sendString(string);
 *   }
 * }
 * ```
 */
export class NetstringReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends StringReceiver<F> {
  /** Whether the peer has sent bytes that are not a netstring. */
  brokenPeer = false;
  /** The decoder of the strings. */
  protected override readonly decoder: NetstringDecoder = new NetstringDecoder();

  /**
   * Sends a netstring.
   *
   * @param string Bytes, or a string that is encoded as UTF-8.
   */
  override sendString(string: Uint8Array | string): void {
    this.transport.write(encodeNetstring(string));
  }

  /**
   * Called when the peer has sent something else than a netstring, or one that is too long. Sets
   * {@linkcode brokenPeer} and closes the connection.
   *
   * @param error A `NetstringParseError` or a `FrameTooLongError`.
   */
  override decodingFailed(error: FramingError): void {
    this.brokenPeer = true;
    return super.decodingFailed(error);
  }

  /** Returns the next string; `null` if more bytes are needed. */
  protected override nextFrame(): Uint8Array | null {
    useMaxLength(this.decoder, this);
    return this.decoder.next();
  }
}
