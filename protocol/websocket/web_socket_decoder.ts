import { checkBound } from "../../internal/validation.ts";
import { FrameTooLongError, IncompleteFrameError } from "../framing/framing_error.ts";
import { ContiguousDecoder } from "../framing/contiguous_decoder.ts";
import { viewOf } from "../framing/byte_text.ts";
import { isCloseCode, WebSocketCloseCode } from "./close_code.ts";
import { copyMasked, maskingKeyAt, maskInPlace, rotatedKey } from "./masking.ts";
import { MessageAssembly } from "./message_assembly.ts";
import { inflateMessage } from "./message_deflate.ts";
import { isSmall, memoryOf } from "./message_memory.ts";
import { MAX_CONTROL_LENGTH, Opcode } from "./opcode.ts";
import { decodeUTF8, UTF8Validator } from "./utf8.ts";
import { WebSocketError } from "./web_socket_error.ts";
import type { WebSocketMessage, WebSocketRole } from "./web_socket_message.ts";

const { PROTOCOL_ERROR, INVALID_DATA, NO_STATUS } = WebSocketCloseCode;
/** Texts up to this length are unmasked in memory that all decoders share. */
const SCRATCH = 65_536;
/** The bit in the first frame of a compressed message. */
const RSV1 = 0x40;
const EMPTY = new Uint8Array(0);
let scratch: Uint8Array = EMPTY;

/** Options of a {@linkcode WebSocketDecoder}. */
export interface WebSocketDecoderOptions {
  /**
   * The side that decodes. A server requires masked frames, a client refuses them.
   *
   * @default {"server"}
   */
  role?: WebSocketRole | undefined;
  /**
   * The maximum number of bytes of a message, with all its fragments. `Infinity` for no limit.
   *
   * @default {1048576}
   */
  maxMessageLength?: number | undefined;
  /**
   * The maximum number of bytes in the payload of one frame.
   *
   * @default {undefined} The value of `maxMessageLength`.
   */
  maxFrameLength?: number | undefined;
  /**
   * Whether the handshake has negotiated `permessage-deflate` (RFC 7692) without a context that
   * messages share. The limit of a message then holds for its compressed and its inflated size.
   *
   * @default {false}
   */
  compression?: boolean | undefined;
  /**
   * Whether the decoder may write to the chunks that it receives. A large binary message is then
   * unmasked in place, and not copied.
   *
   * @default {false}
   */
  ownsChunks?: boolean | undefined;
}

/**
 * Decodes the frames of a WebSocket connection (RFC 6455) to messages. It joins the fragments of a
 * message, and returns the control frames between them as they arrive. It does no I/O.
 *
 * Violations are errors: unmasked frames from a client, masked frames from a server, reserved bits
 * and opcodes, lengths that are not in their shortest form, fragmented or long control frames,
 * invalid codes in Close frames, and text that is not UTF-8, with the first invalid byte.
 *
 * The bytes of a binary message may share their `buffer` with other messages, also of other
 * connections: copy them with `slice()` to keep them for long, or to pass on the `buffer`.
 * The method {@linkcode takeRest} drops the fragments of an incomplete message.
 *
 * @example
 * ```ts
 * import { WebSocketDecoder } from "@torsion/reactor/websocket";
 *
 * const decoder = new WebSocketDecoder({ role: "client" });
 * decoder.push(new Uint8Array([0x01, 0x02, 0x48, 0x65, 0x80, 0x03, 0x6c, 0x6c, 0x6f]));
 * console.log(decoder.next()); // { type: "message", data: "Hello" }
 * ```
 */
export class WebSocketDecoder extends ContiguousDecoder<WebSocketMessage> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "WebSocket frame";
  readonly #isServer: boolean;
  readonly #maxMessageLength: number;
  readonly #maxFrameLength: number;
  readonly #compression: boolean;
  readonly #ownsChunks: boolean;
  readonly #assembly: MessageAssembly;
  /** The opcode of the message whose fragments arrive; CONTINUATION if there is none. */
  #fragmented: number = Opcode.CONTINUATION;
  /** Whether the message whose fragments arrive is compressed. */
  #isDeflated = false;
  /** Checks the text of a message that arrives in pieces; null if none does. */
  #validator: UTF8Validator | null = null;
  /** The number of bytes of the frame's payload that have been checked. */
  #validated = 0;

  /**
   * Creates a decoder.
   *
   * @param options The side and the limits.
   * @throws {RangeError} when a limit is out of range.
   */
  constructor(options: WebSocketDecoderOptions = {}) {
    super();
    const { role = "server", maxMessageLength = 1_048_576 } = options;
    const { compression = false, ownsChunks = false } = options;
    const { maxFrameLength = maxMessageLength } = options;
    checkBound("maxMessageLength", maxMessageLength, 0);
    checkBound("maxFrameLength", maxFrameLength, 0);
    this.#isServer = role === "server";
    this.#maxMessageLength = maxMessageLength;
    this.#maxFrameLength = maxFrameLength;
    this.#compression = compression;
    this.#ownsChunks = ownsChunks;
    this.#assembly = new MessageAssembly(maxMessageLength);
  }

  /**
   * Declares the end of the input.
   *
   * @throws {IncompleteFrameError} when the input ends within a frame or a message.
   */
  override finish(): void {
    super.finish();
    if (this.#fragmented === Opcode.CONTINUATION) return;
    const { offset } = this.buffer;
    throw new IncompleteFrameError("WebSocket message", this.#assembly.size, offset);
  }

  /** Decodes frames up to the end of a message. */
  protected override parse(bytes: Uint8Array, start: number): WebSocketMessage | null {
    for (let at = start; at < bytes.length;) {
      const first = this.#checkFirst(bytes[at] ?? 0, at);
      if (bytes.length - at < 2) return this.#needs(2);
      const size = this.#headerSize(first & 0x0f, bytes[at + 1] ?? 0, at);
      if (bytes.length - at < size) return this.#needs(size);
      const length = this.#payloadLength(bytes, at, first & 0x0f);
      const end = at + size + length;
      if (bytes.length < end) return this.#incomplete(bytes, at, size, length);
      const message = this.#payload(bytes, at, size, length);
      this.#validated = 0;
      this.advance(end);
      if (message !== null) return message;
      at = end;
    }
    return null;
  }

  /** Forgets the incomplete message. */
  protected override reset(): void {
    super.reset();
    this.#fragmented = Opcode.CONTINUATION;
    this.#isDeflated = false;
    this.#validator = null;
    this.#validated = 0;
    this.#assembly.clear();
  }

  #needs(size: number): null {
    this.expect(size);
    return null;
  }

  /** Checks the first byte of a frame: FIN, reserved bits and opcode. */
  #checkFirst(first: number, at: number): number {
    if ((first & 0x70) !== 0 && !this.#mayBeDeflated(first)) {
      const bits = (first >> 4 & 7).toString(2).padStart(3, "0");
      throw this.#violation(at, `the reserved bits are ${bits}, and no extension defines them`);
    }
    const opcode = first & 0x0f;
    if (opcode > Opcode.PONG || opcode > Opcode.BINARY && opcode < Opcode.CLOSE) {
      throw this.#violation(at, `the opcode ${opcode} is reserved`);
    }
    if (opcode >= Opcode.CLOSE) {
      if (first < 0x80) throw this.#violation(at, "a control frame is fragmented");
      return first;
    }
    const isFragment = this.#fragmented !== Opcode.CONTINUATION;
    if (opcode === Opcode.CONTINUATION && !isFragment) {
      throw this.#violation(at, "it continues a message, but no message has begun");
    }
    if (opcode !== Opcode.CONTINUATION && isFragment) {
      throw this.#violation(at, "it begins a message before the one before has ended");
    }
    return first;
  }

  /** Returns whether the reserved bits of a frame may mark the start of a compressed message. */
  #mayBeDeflated(first: number): boolean {
    const opcode = first & 0x0f;
    if (!this.#compression || (first & 0x70) !== RSV1) return false;
    return opcode === Opcode.TEXT || opcode === Opcode.BINARY;
  }

  /** Checks the second byte of a frame. Returns the size of the header, with the masking key. */
  #headerSize(opcode: number, second: number, at: number): number {
    const isMasked = second >= 0x80;
    if (isMasked !== this.#isServer) {
      throw this.#violation(at, isMasked ? "a server masked it" : "a client did not mask it");
    }
    const length = second & 0x7f;
    if (opcode >= Opcode.CLOSE && length > MAX_CONTROL_LENGTH) {
      throw this.#violation(at, `a control frame has more than ${MAX_CONTROL_LENGTH} bytes`);
    }
    const extended = length < 126 ? 0 : length === 126 ? 2 : 8;
    return 2 + extended + (isMasked ? 4 : 0);
  }

  #payloadLength(bytes: Uint8Array, at: number, opcode: number): number {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    let length = short;
    if (short === 126) length = uint16At(bytes, at + 2);
    if (short === 127) length = this.#longLength(bytes, at);
    if (short === 126 && length < 126 || short === 127 && length < 0x10000) {
      throw this.#violation(at, `the length ${length} is not in its shortest form`);
    }
    if (opcode >= Opcode.CLOSE) return length;
    if (length > this.#maxFrameLength) {
      const limit = this.#maxFrameLength;
      throw new FrameTooLongError(this.frameName, length, limit, this.offsetOf(at));
    }
    this.#assembly.check(length, this.offsetOf(at));
    return length;
  }

  #longLength(bytes: Uint8Array, at: number): number {
    const high = uint16At(bytes, at + 2) * 0x10000 + uint16At(bytes, at + 4);
    if (high >= 0x80000000) {
      throw this.#violation(at, "the first bit of a length of 64 bits is set");
    }
    return high * 0x100000000 + uint16At(bytes, at + 6) * 0x10000 + uint16At(bytes, at + 8);
  }

  /** Announces the size of an incomplete frame, or checks as much of its text as has arrived. */
  #incomplete(bytes: Uint8Array, at: number, size: number, length: number): null {
    const opcode = (bytes[at] ?? 0) & 0x0f;
    const isText = opcode < Opcode.CLOSE && (opcode || this.#fragmented) === Opcode.TEXT;
    const isDeflated = opcode === Opcode.CONTINUATION
      ? this.#isDeflated
      : ((bytes[at] ?? 0) & RSV1) !== 0;
    if (!isText || isDeflated) return this.#needs(size + length);
    this.#validate(bytes, at, size, bytes.length - at - size);
    // The next byte may be invalid, so it is not waited for the whole frame.
    return this.#needs(0);
  }

  /** Checks the text of a payload that has arrived and was not checked yet. */
  #validate(bytes: Uint8Array, at: number, size: number, arrived: number): void {
    const done = this.#validated;
    if (arrived <= done) return;
    this.#validator ??= new UTF8Validator();
    this.#validated = arrived;
    let piece = viewOf(bytes, at + size + done, at + size + arrived);
    if (this.#isServer) {
      const word = rotatedKey(maskingKeyAt(bytes, at + size - 4), done);
      const copy = memoryFor(piece.length);
      copyMasked(piece, 0, piece.length, word, copy, 0);
      piece = viewOf(copy, 0, piece.length);
    }
    if (!this.#validator.accepts(piece)) throw this.#notUTF8(at);
  }

  /** Decodes the payload of a complete frame. Returns null unless it completes a message. */
  #payload(bytes: Uint8Array, at: number, size: number, length: number): WebSocketMessage | null {
    const first = bytes[at] ?? 0;
    const opcode = first & 0x0f;
    if (opcode >= Opcode.CLOSE) {
      const data = this.#unmasked(bytes, at + size, length);
      if (opcode === Opcode.CLOSE) return this.#close(data, at);
      return { type: opcode === Opcode.PING ? "ping" : "pong", data };
    }
    if (first < 0x80 || opcode === Opcode.CONTINUATION) {
      return this.#fragment(bytes, at, size, length);
    }
    this.#validator = null;
    if ((first & RSV1) !== 0) {
      return this.#inflated(opcode, this.#unmasked(bytes, at + size, length), at);
    }
    if (opcode === Opcode.BINARY) {
      return { type: "message", data: this.#unmasked(bytes, at + size, length) };
    }
    return this.#text(bytes, at, size, length);
  }

  /** Decodes a message that is one frame of text. */
  #text(bytes: Uint8Array, at: number, size: number, length: number): WebSocketMessage {
    const start = at + size;
    let data: string | null;
    if (this.#isServer) {
      const memory = memoryFor(length);
      copyMasked(bytes, start, length, maskingKeyAt(bytes, start - 4), memory, 0);
      data = decodeUTF8(memory, 0, length);
    } else {
      data = decodeUTF8(bytes, start, start + length);
    }
    if (data === null) throw this.#notUTF8(at);
    return { type: "message", data };
  }

  /** Adds a fragment to its message. */
  #fragment(
    bytes: Uint8Array,
    at: number,
    size: number,
    length: number,
  ): WebSocketMessage | null {
    const first = bytes[at] ?? 0;
    const type = (first & 0x0f) || this.#fragmented;
    if ((first & 0x0f) !== Opcode.CONTINUATION) this.#isDeflated = (first & RSV1) !== 0;
    const isDeflated = this.#isDeflated;
    if (type === Opcode.TEXT && !isDeflated) this.#validate(bytes, at, size, length);
    const before = this.#assembly.size;
    const memory = this.#assembly.extend(length);
    if (this.#isServer) {
      const word = maskingKeyAt(bytes, at + size - 4);
      copyMasked(bytes, at + size, length, word, memory, before);
    } else {
      memory.set(viewOf(bytes, at + size, at + size + length), before);
    }
    this.#fragmented = type;
    if (first < 0x80) return null;
    this.#fragmented = Opcode.CONTINUATION;
    const data = this.#assembly.take();
    this.#isDeflated = false;
    if (isDeflated) return this.#inflated(type, data, at);
    if (type === Opcode.BINARY) return { type: "message", data };
    const text = decodeUTF8(data, 0, data.length);
    this.#validator = null;
    if (text === null) throw this.#notUTF8(at);
    return { type: "message", data: text };
  }

  /** Inflates a compressed message. */
  #inflated(opcode: number, deflated: Uint8Array, at: number): WebSocketMessage {
    const limit = this.#maxMessageLength;
    let data: Uint8Array | null;
    try {
      data = inflateMessage(deflated, limit);
    } catch {
      const message = "Cannot receive a WebSocket frame: its compressed data is not valid";
      throw new WebSocketError(INVALID_DATA, message, this.offsetOf(at));
    }
    if (data === null) {
      throw new FrameTooLongError("WebSocket message", limit + 1, limit, this.offsetOf(at));
    }
    if (opcode === Opcode.BINARY) return { type: "message", data };
    const text = decodeUTF8(data, 0, data.length);
    if (text === null) throw this.#notUTF8(at);
    return { type: "message", data: text };
  }

  /**
   * Returns a payload: a view if it is not masked or may be unmasked in place, otherwise a copy.
   */
  #unmasked(bytes: Uint8Array, start: number, length: number): Uint8Array {
    if (!this.#isServer) return viewOf(bytes, start, start + length);
    const key = maskingKeyAt(bytes, start - 4);
    // A view keeps all of the memory, so the message must be most of it.
    if (this.#ownsChunks && !isSmall(length) && length * 2 > this.memory.byteLength) {
      maskInPlace(bytes, start, length, key);
      return viewOf(bytes, start, start + length);
    }
    const copy = memoryOf(length);
    copyMasked(bytes, start, length, key, copy, 0);
    return copy;
  }

  #close(data: Uint8Array, at: number): WebSocketMessage {
    if (data.length === 0) return { type: "close", code: NO_STATUS, reason: "" };
    if (data.length === 1) throw this.#violation(at, "a Close frame has only one byte");
    const code = uint16At(data, 0);
    if (!isCloseCode(code)) throw this.#violation(at, `a Close frame has the code ${code}`);
    const reason = decodeUTF8(data, 2, data.length);
    if (reason === null) throw this.#notUTF8(at);
    return { type: "close", code, reason };
  }

  #violation(at: number, why: string): WebSocketError {
    const message = `Cannot receive a WebSocket frame: ${why}`;
    return new WebSocketError(PROTOCOL_ERROR, message, this.offsetOf(at));
  }

  #notUTF8(at: number): WebSocketError {
    const message = "Cannot receive a WebSocket frame: its text is not UTF-8";
    return new WebSocketError(INVALID_DATA, message, this.offsetOf(at));
  }
}

/** Returns memory whose content is needed only until the next call. */
function memoryFor(length: number): Uint8Array {
  if (length > SCRATCH) return new Uint8Array(length);
  if (scratch.length === 0) scratch = new Uint8Array(SCRATCH);
  return scratch;
}

function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}
