import { checkBound, quote } from "../../internal/validation.ts";
import { BufferedDecoder } from "../framing/buffered_decoder.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import { InvalidProxyHeader, ProxyHeader } from "./proxy_header.ts";
import { readV1, V1_MAX_LENGTH, V1_PREFIX } from "./proxy_header_v1.ts";
import {
  checkFixedByte,
  isLocal,
  minLength,
  readV2,
  V2_FIXED_LENGTH,
  V2_SIGNATURE,
} from "./proxy_header_v2.ts";

const CR = 0x0d;
const LF = 0x0a;
const latin1 = new TextDecoder("latin1");

/** Options of a {@linkcode ProxyHeaderDecoder}. */
export interface ProxyHeaderDecoderOptions {
  /**
   * The maximum length of a header of version 2, in bytes. The format allows 65551. A header of
   * version 1 has at most 107.
   *
   * @default {16384}
   */
  maxLength?: number | undefined;
}

/**
 * Decodes the header at the beginning of a connection, of either version of the PROXY protocol:
 * https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt.
 *
 * It decodes one header. The bytes after it stay in the buffer, for {@linkcode takeRest}, which
 * also prepares the decoder for a new connection. Input that is not a header fails at its first
 * wrong byte.
 *
 * @example
 * ```ts
 * import { ProxyHeaderDecoder } from "@torsion/reactor/proxy_protocol";
 *
 * const decoder = new ProxyHeaderDecoder();
 * decoder.push(new TextEncoder().encode("PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\nhello"));
 * console.log(`${decoder.next()?.source}`); // 192.0.2.1:56324
 * console.log(new TextDecoder().decode(decoder.takeRest())); // hello
 * ```
 */
export class ProxyHeaderDecoder extends BufferedDecoder<ProxyHeader> {
  /** The maximum length of a header of version 2, in bytes. */
  readonly maxLength: number;
  /** The name of a frame in error messages. */
  protected override readonly frameName = "PROXY header";
  /** The number of bytes at the beginning of the buffer that have been examined. */
  #examined = 0;
  /** The length of a header of version 2; 0 until it is known. */
  #length = 0;
  #isDone = false;

  /**
   * Creates a decoder.
   *
   * @param options The limit.
   * @throws {RangeError} when `maxLength` is less than 16 or not an integer.
   */
  constructor(options: ProxyHeaderDecoderOptions = {}) {
    super();
    const { maxLength = 16384 } = options;
    checkBound("maxLength", maxLength, V2_FIXED_LENGTH);
    this.maxLength = maxLength;
  }

  /**
   * Declares the end of the input. Bytes after a complete header are no error.
   *
   * @throws {IncompleteFrameError} when the input ends within the header.
   */
  override finish(): void {
    if (!this.#isDone) super.finish();
  }

  /** Decodes the header. Later calls return `null`. */
  protected override decode(): ProxyHeader | null {
    const { buffer } = this;
    if (this.#isDone || buffer.size === 0) return null;
    const header = buffer.byteAt(0) === V2_SIGNATURE[0] ? this.#decodeV2() : this.#decodeV1();
    if (header !== null) this.#isDone = true;
    return header;
  }

  /** Forgets the header, or what is known about an incomplete one. */
  protected override reset(): void {
    this.#examined = 0;
    this.#length = 0;
    this.#isDone = false;
  }

  #decodeV1(): ProxyHeader | null {
    const { buffer } = this;
    if (!this.#matches(V1_PREFIX) || !this.#findLineEnd()) return null;
    const bytes = buffer.peek(0, this.#examined);
    const addresses = readV1(latin1.decode(bytes.subarray(V1_PREFIX.length, -2)));
    if (typeof addresses === "string") {
      const line = quote(latin1.decode(bytes.subarray(0, -2)));
      throw this.#invalid(`${addresses}, got ${line}`, V1_PREFIX.length);
    }
    const parts = { version: 1, command: "PROXY", tlvs: [], bytes: bytes.slice() } as const;
    buffer.skip(bytes.length);
    return new ProxyHeader({ ...parts, ...addresses });
  }

  /** Searches for the CRLF. Returns whether it was found. */
  #findLineEnd(): boolean {
    const { buffer } = this;
    for (; this.#examined < buffer.size; this.#examined++) {
      if (this.#examined === V1_MAX_LENGTH) {
        throw new FrameTooLongError(
          "PROXY header of version 1",
          V1_MAX_LENGTH + 1,
          V1_MAX_LENGTH,
          buffer.offset,
        );
      }
      const isAfterCR = buffer.byteAt(this.#examined - 1) === CR;
      const isLF = buffer.byteAt(this.#examined) === LF;
      // A receiver that took a single CR or LF for the end would disagree with others about where
      // the data begins.
      if (isAfterCR !== isLF) {
        throw this.#unexpected("its line must end with CRLF, and have no other CR or LF");
      }
      if (isLF) {
        this.#examined++;
        return true;
      }
    }
    return false;
  }

  #decodeV2(): ProxyHeader | null {
    const { buffer } = this;
    if (!this.#matches(V2_SIGNATURE) || !this.#readFixedPart()) return null;
    if (buffer.size < this.#length) {
      buffer.expect(this.#length);
      return null;
    }
    // A copy: the header is kept for as long as the connection, and would keep alive the whole
    // chunk in which it arrived.
    const bytes = buffer.peek(0, this.#length).slice();
    const content = readV2(bytes);
    if ("reason" in content) throw this.#invalid(content.reason, content.at);
    buffer.skip(bytes.length);
    const command = isLocal(bytes[12]) ? "LOCAL" : "PROXY";
    return new ProxyHeader({ version: 2, command, ...content, bytes });
  }

  /** Reads the bytes between the signature and the addresses. Returns whether all are there. */
  #readFixedPart(): boolean {
    const { buffer } = this;
    if (this.#length > 0) return true;
    for (; this.#examined < V2_FIXED_LENGTH; this.#examined++) {
      if (buffer.size <= this.#examined) return false;
      const reason = checkFixedByte(this.#examined, buffer.peek(0, this.#examined + 1));
      if (reason !== null) throw this.#unexpected(reason);
    }
    const length = buffer.byteAt(14) << 8 | buffer.byteAt(15);
    const total = V2_FIXED_LENGTH + length;
    if (total > this.maxLength) {
      throw new FrameTooLongError(this.frameName, total, this.maxLength, buffer.offset);
    }
    if (length < minLength(buffer.peek(0, V2_FIXED_LENGTH))) {
      throw this.#invalid(`it is shorter than its addresses, got ${length} bytes`, 14);
    }
    this.#length = total;
    return true;
  }

  /** Compares the beginning of the header. Returns whether all of it is there. */
  #matches(prefix: Uint8Array): boolean {
    const { buffer } = this;
    const end = Math.min(prefix.length, buffer.size);
    for (; this.#examined < end; this.#examined++) {
      if (buffer.byteAt(this.#examined) === prefix[this.#examined]) continue;
      throw this.#unexpected("it must begin with the signature of version 1 or 2");
    }
    return buffer.size >= prefix.length;
  }

  /** Returns an error for the byte that was examined last. */
  #unexpected(reason: string): InvalidProxyHeader {
    const byte = this.buffer.byteAt(this.#examined).toString(16).padStart(2, "0");
    return this.#invalid(`${reason}, got the byte 0x${byte}`, this.#examined);
  }

  /** Returns an error for the place at an index of the buffer. */
  #invalid(reason: string, index: number): InvalidProxyHeader {
    return new InvalidProxyHeader(
      `Cannot decode a PROXY header: ${reason}`,
      this.buffer.offset + index,
    );
  }
}
