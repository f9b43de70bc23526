import { checkBound, quote } from "../../internal/validation.ts";
import { BufferedDecoder } from "../framing/buffered_decoder.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import { addressText } from "../../reactor/names/ip_address.ts";
import { addressLength, readAddress } from "./socks_fields.ts";
import {
  InvalidSOCKSMessage,
  type SOCKSClientMessage,
  type SOCKSCredentials,
  type SOCKSGreeting,
  type SOCKSRequest,
  UnknownSOCKSAddressType,
} from "./socks_messages.ts";

const text = new TextDecoder("utf-8", { ignoreBOM: true });
const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Options of a {@linkcode SOCKSRequestDecoder}. */
export interface SOCKSRequestDecoderOptions {
  /**
   * Whether the server requires a user name and a password of SOCKS 5 clients, so that the greeting
   * is followed by credentials.
   *
   * @default {false}
   */
  credentials?: boolean | undefined;
  /**
   * The maximum length of the user id and of the host name of a SOCKS 4 request, in bytes each. In
   * version 5, the format limits both to 255 bytes.
   *
   * @default {255}
   */
  maxLength?: number | undefined;
}

/**
 * Decodes what a SOCKS client sends up to its request: of version 5 (RFC 1928) a greeting, then
 * credentials (RFC 1929) if the server requires them, then the request; of version 4 and 4a the
 * request alone. The first byte is the version.
 *
 * The bytes after the request belong to the connection with the target. They stay in the buffer,
 * for {@linkcode takeRest}, which also prepares the decoder for a new client.
 *
 * @example
 * ```ts
 * import { encodeSOCKS5Request, SOCKSRequestDecoder } from "@torsion/reactor/socks";
 *
 * const decoder = new SOCKSRequestDecoder();
 * decoder.push(new Uint8Array([5, 1, 0]));
 * console.log(decoder.next()); // { type: "greeting", methods: [ 0 ] }
 * decoder.push(encodeSOCKS5Request({ host: "example.org", port: 443 }));
 * console.log(decoder.next()); // { type: "request", version: 5, host: "example.org", … }
 * ```
 */
export class SOCKSRequestDecoder extends BufferedDecoder<SOCKSClientMessage> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "SOCKS message";
  readonly #requiresCredentials: boolean;
  readonly #maxLength: number;
  #expected: "first" | "credentials" | "request" | "nothing" = "first";
  /** The index up to which a SOCKS 4 request has been searched for the end of a field. */
  #searched = 0;
  /** The index of the host name in a SOCKS 4a request; 0 until it is known. */
  #nameAt = 0;
  #version: 4 | 5 | null = null;

  /**
   * Creates a decoder.
   *
   * @param options What the server requires.
   * @throws {RangeError | TypeError} when an option is out of range.
   */
  constructor(options: SOCKSRequestDecoderOptions = {}) {
    super();
    const { credentials = false, maxLength = 255 } = options;
    if (typeof credentials !== "boolean") {
      throw new TypeError(`credentials must be true or false, got ${quote(credentials)}`);
    }
    checkBound("maxLength", maxLength, 0);
    this.#requiresCredentials = credentials;
    this.#maxLength = maxLength;
  }

  /** The version of SOCKS that the client speaks; `null` while it is unknown. */
  get version(): 4 | 5 | null {
    return this.#version;
  }

  /**
   * Declares the end of the input. Bytes after the request are no error.
   *
   * @throws {IncompleteFrameError} when the input ends within a message.
   */
  override finish(): void {
    if (this.#expected !== "nothing") super.finish();
  }

  /** Decodes the next message. Returns `null` after the request. */
  protected override decode(): SOCKSClientMessage | null {
    if (this.buffer.size === 0) return null;
    switch (this.#expected) {
      case "first":
        return this.#decodeFirst();
      case "credentials":
        return this.#decodeCredentials();
      case "request":
        return this.#decodeRequest5();
      case "nothing":
        return null;
    }
  }

  /** Prepares the decoder for a new client. */
  protected override reset(): void {
    this.#expected = "first";
    this.#searched = this.#nameAt = 0;
    this.#version = null;
  }

  #decodeFirst(): SOCKSGreeting | SOCKSRequest | null {
    const version = this.buffer.byteAt(0);
    if (version !== 4 && version !== 5) throw this.#unexpected("its version must be 4 or 5", 0);
    this.#version = version;
    return version === 4 ? this.#decodeRequest4() : this.#decodeGreeting();
  }

  #decodeGreeting(): SOCKSGreeting | null {
    const { buffer } = this;
    if (buffer.size < 2 || buffer.size < 2 + buffer.byteAt(1)) return null;
    const message = buffer.take(2 + buffer.byteAt(1));
    this.#expected = this.#requiresCredentials ? "credentials" : "request";
    return { type: "greeting", methods: [...message.subarray(2)] };
  }

  #decodeCredentials(): SOCKSCredentials | null {
    const { buffer } = this;
    if (buffer.byteAt(0) !== 1) {
      throw this.#unexpected("the version of its credentials must be 1", 0);
    }
    if (buffer.size < 2) return null;
    const passwordAt = 2 + buffer.byteAt(1);
    if (buffer.size <= passwordAt) return null;
    const end = passwordAt + 1 + buffer.byteAt(passwordAt);
    if (buffer.size < end) return null;
    const username = this.#credential(2, passwordAt);
    const password = this.#credential(passwordAt + 1, end);
    buffer.skip(end);
    this.#expected = "request";
    return { type: "credentials", username, password };
  }

  /** Reads a user name or a password. Different bytes must never become the same text. */
  #credential(start: number, end: number): string {
    try {
      return strictText.decode(this.buffer.peek(start, end));
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw this.#invalid("its credentials must be UTF-8", start);
    }
  }

  #decodeRequest5(): SOCKSRequest | null {
    const { buffer } = this;
    if (buffer.byteAt(0) !== 5) throw this.#unexpected("its version must be 5", 0);
    if (buffer.size > 2 && buffer.byteAt(2) !== 0) {
      throw this.#unexpected("its reserved byte must be 0", 2);
    }
    const length = addressLength(buffer, 3);
    if (length === 0) {
      throw new UnknownSOCKSAddressType(
        `Cannot decode a SOCKS message: its type of address must be IPv4 (1), a name (3) or ` +
          `IPv6 (4), got ${buffer.byteAt(3)}`,
        buffer.offset + 3,
      );
    }
    if (length === 4) throw this.#invalid("its host name must not be empty", 4);
    if (length === null || buffer.size < 3 + length) return null;
    const message = buffer.take(3 + length);
    this.#expected = "nothing";
    const address = readAddress(message, 3, length);
    return { type: "request", version: 5, command: message[1] ?? 0, ...address, userId: null };
  }

  #decodeRequest4(): SOCKSRequest | null {
    const { buffer } = this;
    this.#searched ||= 8;
    if (this.#nameAt === 0) {
      const end = this.#findZero("user id of a SOCKS 4 request", 8);
      if (end === null) return null;
      this.#searched = this.#nameAt = end + 1;
    }
    const [, command = 0, high = 0, low = 0, ...ip] = buffer.peek(0, 8);
    const hasName = ip[0] === 0 && ip[1] === 0 && ip[2] === 0 && ip[3] !== 0;
    let end = this.#nameAt;
    if (hasName) {
      const zero = this.#findZero("host name of a SOCKS 4 request", this.#nameAt);
      if (zero === null) return null;
      if (zero === this.#nameAt) throw this.#invalid("its host name must not be empty", zero);
      end = zero + 1;
    }
    const host = hasName
      ? text.decode(buffer.peek(this.#nameAt, end - 1))
      : addressText(Uint8Array.from(ip));
    const userId = text.decode(buffer.peek(8, this.#nameAt - 1));
    buffer.skip(end);
    this.#expected = "nothing";
    return { type: "request", version: 4, command, host, port: high << 8 | low, userId };
  }

  /** Returns the index of the next zero byte; `null` if more bytes are needed. */
  #findZero(what: string, start: number): number | null {
    const { buffer } = this;
    for (; this.#searched < buffer.size; this.#searched++) {
      if (buffer.byteAt(this.#searched) === 0) return this.#searched;
      if (this.#searched - start === this.#maxLength) {
        throw new FrameTooLongError(
          what,
          this.#maxLength + 1,
          this.#maxLength,
          buffer.offset + start,
        );
      }
    }
    return null;
  }

  #unexpected(reason: string, index: number): InvalidSOCKSMessage {
    return this.#invalid(`${reason}, got ${this.buffer.byteAt(index)}`, index);
  }

  #invalid(reason: string, index: number): InvalidSOCKSMessage {
    return new InvalidSOCKSMessage(
      `Cannot decode a SOCKS message: ${reason}`,
      this.buffer.offset + index,
    );
  }
}
