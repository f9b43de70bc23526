import { checkInteger, quote } from "../../internal/validation.ts";
import { BufferedDecoder } from "../framing/buffered_decoder.ts";
import { addressText } from "../../reactor/names/ip_address.ts";
import { addressLength, readAddress } from "./socks_fields.ts";
import {
  InvalidSOCKSMessage,
  SOCKSMethod,
  type SOCKSReply,
  type SOCKSServerMessage,
  UnknownSOCKSAddressType,
} from "./socks_messages.ts";

/** Options of a {@linkcode SOCKSReplyDecoder}. */
export interface SOCKSReplyDecoderOptions {
  /** The version of SOCKS that the client speaks. */
  version: 4 | 5;
  /**
   * The number of replies, 1 or 2: a server answers `BIND` with two.
   *
   * @default {1}
   */
  replies?: number | undefined;
}

/**
 * Decodes what a SOCKS server sends up to its reply: of version 5 the method of authentication that
 * it has chosen, then the result of the authentication if that method is a user name and a
 * password, then the reply; of version 4 the reply alone.
 *
 * The bytes after the reply are those of the target. They stay in the buffer, for
 * {@linkcode takeRest}, which also prepares the decoder for a new connection.
 *
 * @example
 * ```ts
 * import { SOCKSReplyDecoder } from "@torsion/reactor/socks";
 *
 * const decoder = new SOCKSReplyDecoder({ version: 5 });
 * decoder.push(new Uint8Array([5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
 * console.log(decoder.next()); // { type: "method", method: 0 }
 * console.log(decoder.next()); // { type: "reply", version: 5, code: 5, … }: connection refused
 * ```
 */
export class SOCKSReplyDecoder extends BufferedDecoder<SOCKSServerMessage> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "SOCKS message";
  readonly #version: 4 | 5;
  readonly #replies: number;
  #expected: "method" | "authentication" | "reply";
  /** The number of replies that have been decoded. */
  #count = 0;

  /**
   * Creates a decoder.
   *
   * @param options The version of SOCKS.
   * @throws {RangeError | TypeError} when an option is out of range.
   */
  constructor(options: SOCKSReplyDecoderOptions) {
    super();
    const { version, replies = 1 } = options;
    if (version !== 4 && version !== 5) {
      throw new RangeError(`version must be 4 or 5, got ${quote(version)}`);
    }
    checkInteger("replies", replies, 1, 2);
    this.#version = version;
    this.#replies = replies;
    this.#expected = version === 5 ? "method" : "reply";
  }

  /**
   * Declares the end of the input. Bytes after the last reply are no error.
   *
   * @throws {IncompleteFrameError} when the input ends within a message.
   */
  override finish(): void {
    if (this.#count < this.#replies) super.finish();
  }

  /** Decodes the next message. Returns `null` after the last reply. */
  protected override decode(): SOCKSServerMessage | null {
    if (this.#count === this.#replies || this.buffer.size === 0) return null;
    if (this.#expected !== "reply") return this.#decodeStep(this.#expected);
    const reply = this.#version === 5 ? this.#decodeReply5() : this.#decodeReply4();
    if (reply !== null) this.#count++;
    return reply;
  }

  /** Prepares the decoder for a new connection. */
  protected override reset(): void {
    this.#expected = this.#version === 5 ? "method" : "reply";
    this.#count = 0;
  }

  #decodeStep(step: "method" | "authentication"): SOCKSServerMessage | null {
    this.#checkVersion(step === "method" ? 5 : 1);
    if (this.buffer.size < 2) return null;
    const [, value = 0] = this.buffer.take(2);
    const isAuthenticating = step === "method" && value === SOCKSMethod.USERNAME_PASSWORD;
    this.#expected = isAuthenticating ? "authentication" : "reply";
    return step === "method"
      ? { type: "method", method: value }
      : { type: "authentication", status: value };
  }

  #decodeReply4(): SOCKSReply | null {
    this.#checkVersion(0);
    if (this.buffer.size < 8) return null;
    const message = this.buffer.take(8);
    const [, code = 0, high = 0, low = 0] = message;
    const host = addressText(message.subarray(4));
    return { type: "reply", version: 4, code, host, port: high << 8 | low };
  }

  #decodeReply5(): SOCKSReply | null {
    const { buffer } = this;
    this.#checkVersion(5);
    const length = addressLength(buffer, 3);
    if (length === 0) {
      throw new UnknownSOCKSAddressType(
        `Cannot decode a SOCKS message: its type of address must be IPv4 (1), a name (3) or ` +
          `IPv6 (4), got ${buffer.byteAt(3)}`,
        buffer.offset + 3,
      );
    }
    if (length === null || buffer.size < 3 + length) return null;
    const message = buffer.take(3 + length);
    const address = readAddress(message, 3, length);
    return { type: "reply", version: 5, code: message[1] ?? 0, ...address };
  }

  #checkVersion(expected: number): void {
    const version = this.buffer.byteAt(0);
    if (version === expected) return;
    throw new InvalidSOCKSMessage(
      `Cannot decode a SOCKS message: its first byte must be ${expected}, got ${version}`,
      this.buffer.offset,
    );
  }
}
