import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { FrameTooLongError, type FramingError } from "./framing_error.ts";
import { encodeIntString, IntStringDecoder } from "./int_string_decoder.ts";
import { useMaxLength } from "./max_length.ts";
import { StringReceiver } from "./string_receiver.ts";

/**
 * The base class of protocols that send and receive strings with their length in front. Twisted's
 * `twisted.protocols.basic.IntNStringReceiver`.
 *
 * A subclass sets {@linkcode prefixLength}, and {@linkcode littleEndian} if the least significant
 * byte comes first. They replace Twisted's `structFormat`, which is a format of Python's `struct`
 * module and has no meaning in JavaScript. {@linkcode takeRest} replaces `recvd`.
 *
 * Unlike in Twisted, no string is passed on once the connection is closing.
 *
 * @typeParam F The factory that builds it.
 *
 * @example Strings with a little-endian prefix of three bytes
 * ```ts
 * import { IntNStringReceiver } from "@torsion/reactor/protocol";
 *
 * class Packets extends IntNStringReceiver {
 *   override readonly prefixLength = 3;
 *   override readonly littleEndian = true;
 *
 *   override stringReceived(packet: Uint8Array) {
 *     console.log(packet.length);
 *   }
 * }
 * ```
 */
export abstract class IntNStringReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends StringReceiver<F> {
  /** The length of the prefix: an integer from 1 to 8 bytes. */
  abstract readonly prefixLength: number;
  /**
   * Whether the least significant byte of the prefix comes first.
   *
   * @default {false}
   */
  readonly littleEndian: boolean = false;
  #decoder: IntStringDecoder | null = null;

  /**
   * Called when a prefix announces more than `MAX_LENGTH` bytes. By default it closes the
   * connection.
   *
   * If an override neither closes the connection nor removes the bytes with `takeRest()`, the
   * string is skipped as it arrives, and the next string is received. Twisted buffers its bytes and
   * calls this method for each chunk.
   *
   * @param _length The announced length, in bytes.
   */
  lengthLimitExceeded(_length: number): void {
    this.transport.loseConnection();
  }

  /**
   * Sends a string with its length in front.
   *
   * @param string Bytes, or a string that is encoded as UTF-8.
   * @throws {StringTooLongError} when the length does not fit into the prefix.
   */
  override sendString(string: Uint8Array | string): void {
    this.transport.write(encodeIntString(string, this));
  }

  /** Calls {@linkcode lengthLimitExceeded}, and skips the string. */
  override decodingFailed(error: FramingError): void {
    if (!(error instanceof FrameTooLongError)) return super.decodingFailed(error);
    const result = this.lengthLimitExceeded(error.length);
    this.decoder.skip();
    return result;
  }

  /** The decoder of the strings. */
  protected override get decoder(): IntStringDecoder {
    // The fields of a subclass do not have their values in this constructor.
    return this.#decoder ??= new IntStringDecoder(this);
  }

  /** Returns the next string; `null` if more bytes are needed. */
  protected override nextFrame(): Uint8Array | null {
    const { decoder } = this;
    useMaxLength(decoder, this);
    return decoder.next();
  }
}

/**
 * A protocol that sends and receives strings of up to 4 GiB, with their length in front in four
 * bytes, the most significant first. Twisted's `twisted.protocols.basic.Int32StringReceiver`.
 *
 * Strings longer than `MAX_LENGTH` are refused: see
 * {@linkcode IntNStringReceiver.lengthLimitExceeded}.
 *
 * @typeParam F The factory that builds it.
 *
 * @example An echo, string by string
 * ```ts
 * import { Int32StringReceiver } from "@torsion/reactor/protocol";
 *
 * class Echo extends Int32StringReceiver {
 *   override stringReceived(string: Uint8Array) {
 *     this.sendString(string);
 *   }
 * }
 * ```
 */
export class Int32StringReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends IntNStringReceiver<F> {
  /** The length of the prefix, in bytes. */
  override readonly prefixLength = 4;
}

/**
 * A protocol that sends and receives strings of up to 65535 bytes, with their length in front in
 * two bytes, the most significant first. Twisted's `twisted.protocols.basic.Int16StringReceiver`.
 *
 * @typeParam F The factory that builds it.
 *
 * @example An echo, string by string
 * ```ts
 * import { Int16StringReceiver } from "@torsion/reactor/protocol";
 *
 * class Echo extends Int16StringReceiver {
 *   override stringReceived(string: Uint8Array) {
 *     this.sendString(string);
 *   }
 * }
 * ```
 */
export class Int16StringReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends IntNStringReceiver<F> {
  /** The length of the prefix, in bytes. */
  override readonly prefixLength = 2;
}

/**
 * A protocol that sends and receives strings of up to 255 bytes, with their length in front in one
 * byte. Twisted's `twisted.protocols.basic.Int8StringReceiver`.
 *
 * @typeParam F The factory that builds it.
 *
 * @example An echo, string by string
 * ```ts
 * import { Int8StringReceiver } from "@torsion/reactor/protocol";
 *
 * class Echo extends Int8StringReceiver {
 *   override stringReceived(string: Uint8Array) {
 *     this.sendString(string);
 *   }
 * }
 * ```
 */
export class Int8StringReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends IntNStringReceiver<F> {
  /** The length of the prefix, in bytes. */
  override readonly prefixLength = 1;
}
