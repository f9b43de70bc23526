import { checkFunction, checkInteger, quote } from "../../internal/validation.ts";
import type { ITransport } from "../../reactor/interfaces/mod.ts";
import { viewOf } from "../framing/byte_text.ts";
import { checkCloseCode } from "./close_code.ts";
import { copyMasked, writeMaskingKey } from "./masking.ts";
import { deflateMessage } from "./message_deflate.ts";
import { MAX_CONTROL_LENGTH, Opcode } from "./opcode.ts";
import { fillRandom, platformRandom, type RandomSource } from "./random_source.ts";
import type { WebSocketData, WebSocketRole } from "./web_socket_message.ts";

/** The space in front of a payload: a header has up to 14 bytes, and words are aligned. */
const BEFORE = 16;
/** The size of the memory for small frames. A transport copies what has fewer than 4096 bytes. */
const SCRATCH = 4096;
/** The longest payload of a small frame. */
const SMALL = SCRATCH - BEFORE;
/** Text of so many characters is encoded faster without a call of the platform, if it is ASCII. */
const SHORT = 48;
/** The number of masking keys for which random bytes are requested at once. */
const KEYS = 256;
/** The shortest message that is compressed, in bytes or characters. */
const MIN_DEFLATED = 512;
/** The first bits of a compressed message that is one frame. */
const DEFLATED = 0xc0;
const encoder = new TextEncoder();

/** Options of a {@linkcode WebSocketEncoder}. */
export interface WebSocketEncoderOptions {
  /**
   * The side that encodes. A client masks its frames.
   *
   * @default {"server"}
   */
  role?: WebSocketRole | undefined;
  /**
   * Fills memory with the random bytes of masking keys.
   *
   * @default {undefined} `crypto.getRandomValues`.
   */
  getRandomValues?: RandomSource | undefined;
  /**
   * Whether the handshake has negotiated `permessage-deflate` (RFC 7692). Messages of at least 512
   * bytes or characters are then compressed if that makes them shorter; fragments are not.
   *
   * @default {false}
   */
  compression?: boolean | undefined;
}

/** Where an encoder writes to: a transport, or what collects bytes. */
export type WebSocketSink = Pick<ITransport, "write">;

/** The memory in which all encoders build small frames, and views of it. */
interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly payload: Uint8Array<ArrayBuffer>;
}

let shared: Scratch | null = null;

/**
 * Encodes messages to frames of a WebSocket connection (RFC 6455), and writes them. Each message is
 * one frame, except with {@linkcode fragment}.
 *
 * @example
 * ```ts
 * import { WebSocketEncoder } from "@torsion/reactor/websocket";
 *
 * const encoder = new WebSocketEncoder({ role: "server" });
 * console.log(encoder.encode("Hello")); // 0x81, 0x05, and the text
 * ```
 */
export class WebSocketEncoder {
  readonly #masks: boolean;
  readonly #compression: boolean;
  readonly #getRandomValues: RandomSource;
  #keys: Uint32Array<ArrayBuffer> | null = null;
  #usedKeys = KEYS;

  /**
   * Creates an encoder.
   *
   * @param options The side, and the source of masking keys.
   */
  constructor(options: WebSocketEncoderOptions = {}) {
    const { role = "server", getRandomValues = platformRandom, compression = false } = options;
    checkFunction("WebSocket getRandomValues", getRandomValues);
    this.#masks = role === "client";
    this.#compression = compression;
    this.#getRandomValues = getRandomValues;
  }

  /**
   * Writes a message. Bytes of 4080 or more belong to the sink until they are sent, unless they are
   * masked.
   *
   * @param sink Where the frame is written to.
   * @param data A string for a text message, in which a lone surrogate is sent as U+FFFD; bytes for
   *   a binary one.
   * @throws {TypeError} when the data is neither a string nor bytes.
   */
  send(sink: WebSocketSink, data: WebSocketData): void {
    if (this.#compression && this.#sendDeflated(sink, data)) return;
    if (typeof data === "string") return this.#sendText(sink, data);
    checkBytes("send", data);
    this.#write(sink, 0x80 | Opcode.BINARY, data);
  }

  /**
   * Writes a fragment of a message. No other message may begin before the last one.
   *
   * @param sink Where the frame is written to.
   * @param data The data; a string only for text.
   * @param position Whether it is the `first` or the `last` fragment, or one between them.
   * @throws {TypeError} when the data is neither a string nor bytes.
   */
  fragment(sink: WebSocketSink, data: WebSocketData, position: "first" | "middle" | "last"): void {
    const isText = typeof data === "string";
    if (!isText) checkBytes("send", data);
    const type = isText ? Opcode.TEXT : Opcode.BINARY;
    const opcode = position === "first" ? type : Opcode.CONTINUATION;
    const first = position === "last" ? 0x80 | opcode : opcode;
    this.#write(sink, first, isText ? encoder.encode(data) : data);
  }

  /**
   * Writes a Ping or a Pong.
   *
   * @param sink Where the frame is written to.
   * @param type The type.
   * @param data Up to 125 bytes, or a string of as many in UTF-8.
   * @throws {RangeError} when the data is longer.
   */
  ping(sink: WebSocketSink, type: "ping" | "pong", data: WebSocketData): void {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    checkBytes(`send a ${type} of`, bytes);
    checkInteger(`Length of a ${type}`, bytes.length, 0, MAX_CONTROL_LENGTH);
    this.#write(sink, 0x80 | (type === "ping" ? Opcode.PING : Opcode.PONG), bytes);
  }

  /**
   * Writes a Close frame.
   *
   * @param sink Where the frame is written to.
   * @param code The code; `null` for a frame without one.
   * @param reason The reason in words, of up to 123 bytes in UTF-8.
   * @throws {RangeError} when a Close frame may not contain the code, or the reason is too long.
   */
  close(sink: WebSocketSink, code: number | null, reason = ""): void {
    if (code === null) return this.#write(sink, 0x80 | Opcode.CLOSE, new Uint8Array(0));
    checkClose(code, reason);
    const text = encoder.encode(reason);
    const payload = new Uint8Array(2 + text.length);
    payload[0] = code >> 8;
    payload[1] = code;
    payload.set(text, 2);
    this.#write(sink, 0x80 | Opcode.CLOSE, payload);
  }

  /**
   * Returns the frame of a message, for code without a transport.
   *
   * @param data A string for a text message, bytes for a binary one.
   * @throws {TypeError} when the data is neither a string nor bytes.
   */
  encode(data: WebSocketData): Uint8Array {
    const chunks: Uint8Array[] = [];
    // The memory of a small frame is used again, so it is copied. Only bytes are written.
    this.send({ write: (chunk) => void chunks.push((chunk as Uint8Array).slice()) }, data);
    const [first = new Uint8Array(0), second] = chunks;
    if (second === undefined) return first;
    const frame = new Uint8Array(first.length + second.length);
    frame.set(first);
    frame.set(second, first.length);
    return frame;
  }

  /** Sends a message compressed, if that makes it shorter. Returns whether the message was sent. */
  #sendDeflated(sink: WebSocketSink, data: WebSocketData): boolean {
    const isText = typeof data === "string";
    if (!isText) checkBytes("send", data);
    if (data.length < MIN_DEFLATED) return false;
    const bytes = isText ? encoder.encode(data) : data;
    const deflated = deflateMessage(bytes);
    if (deflated.length >= bytes.length) return false;
    this.#write(sink, DEFLATED | (isText ? Opcode.TEXT : Opcode.BINARY), deflated);
    return true;
  }

  #sendText(sink: WebSocketSink, text: string): void {
    const first = 0x80 | Opcode.TEXT;
    if (text.length > SMALL) return this.#sendLongText(sink, first, text);
    const { bytes, payload } = shared ??= makeScratch();
    let length = text.length <= SHORT ? writeASCII(text, bytes) : -1;
    if (length < 0) {
      const { read, written } = encoder.encodeInto(text, payload);
      // A character has up to three bytes in UTF-8.
      if (read < text.length) return this.#writeOwned(sink, first, encoder.encode(text));
      length = written;
    }
    if (this.#masks) this.#writeMasked(sink, first, payload, length, bytes);
    else sink.write(viewOf(bytes, writeHeader(bytes, first, length), BEFORE + length));
  }

  /** Writes a long text, which is built behind its header in memory of its own if it is ASCII. */
  #sendLongText(sink: WebSocketSink, first: number, text: string): void {
    const memory = new Uint8Array(BEFORE + text.length);
    const payload = memory.subarray(BEFORE);
    const { read, written: length } = encoder.encodeInto(text, payload);
    // encode() takes several times as long as encodeInto() does.
    if (read < text.length) return this.#writeOwned(sink, first, encoder.encode(text));
    if (this.#masks) this.#writeMasked(sink, first, payload, length, memory);
    else sink.write(viewOf(memory, writeHeader(memory, first, length), BEFORE + length));
  }

  #write(sink: WebSocketSink, first: number, data: Uint8Array): void {
    const { length } = data;
    if (length > SMALL - 1) return this.#writeOwned(sink, first, data);
    const { bytes } = shared ??= makeScratch();
    if (this.#masks) return this.#writeMasked(sink, first, data, length, bytes);
    bytes.set(data, BEFORE);
    sink.write(viewOf(bytes, writeHeader(bytes, first, length), BEFORE + length));
  }

  /** Writes a large payload, which is not copied unless it is masked. */
  #writeOwned(sink: WebSocketSink, first: number, data: Uint8Array): void {
    const { length } = data;
    if (this.#masks) {
      const memory = new Uint8Array(BEFORE + length);
      return this.#writeMasked(sink, first, data, length, memory);
    }
    const { bytes } = shared ??= makeScratch();
    sink.write(viewOf(bytes, writeHeader(bytes, first, length), BEFORE));
    sink.write(data);
  }

  /** Writes a masked frame, which is built in memory. */
  #writeMasked(
    sink: WebSocketSink,
    first: number,
    data: Uint8Array,
    length: number,
    memory: Uint8Array,
  ): void {
    const key = this.#nextKey();
    copyMasked(data, 0, length, key, memory, BEFORE);
    writeMaskingKey(key, memory, BEFORE - 4);
    const start = writeHeader(memory, first, length, 0x80, BEFORE - 4);
    sink.write(viewOf(memory, start, BEFORE + length));
  }

  #nextKey(): number {
    if (this.#usedKeys === KEYS) {
      this.#keys ??= new Uint32Array(KEYS);
      fillRandom(this.#getRandomValues, new Uint8Array(this.#keys.buffer));
      this.#usedKeys = 0;
    }
    return this.#keys?.[this.#usedKeys++] ?? 0;
  }
}

/**
 * Throws unless a Close frame may have a code and a reason.
 *
 * @throws {RangeError} when the code is not allowed, or the reason is too long.
 */
export function checkClose(code: number, reason: string): void {
  checkCloseCode(code);
  const { length } = encoder.encode(reason);
  if (length <= MAX_CONTROL_LENGTH - 2) return;
  throw new RangeError(
    `Cannot close a WebSocket with a reason of ${length} bytes: the limit is ` +
      `${MAX_CONTROL_LENGTH - 2}`,
  );
}

/**
 * Writes a header in front of a payload.
 *
 * @param bytes The memory.
 * @param first The first byte of the header.
 * @param length The length of the payload.
 * @param mask 0x80 if the payload is masked.
 * @param end The index after the header, without the masking key.
 * @returns The index of the header.
 */
function writeHeader(
  bytes: Uint8Array,
  first: number,
  length: number,
  mask = 0,
  end = BEFORE,
): number {
  if (length < 126) {
    bytes[end - 2] = first;
    bytes[end - 1] = mask | length;
    return end - 2;
  }
  if (length < 0x10000) {
    bytes[end - 4] = first;
    bytes[end - 3] = mask | 126;
    bytes[end - 2] = length >> 8;
    bytes[end - 1] = length;
    return end - 4;
  }
  bytes[end - 10] = first;
  bytes[end - 9] = mask | 127;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(end - 8, length / 0x100000000);
  view.setUint32(end - 4, length);
  return end - 10;
}

/** Writes a text behind the space for a header. Returns its length; -1 if it is not ASCII. */
function writeASCII(text: string, bytes: Uint8Array): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return -1;
    bytes[BEFORE + i] = code;
  }
  return length;
}

function checkBytes(action: string, data: unknown): asserts data is Uint8Array {
  if (data instanceof Uint8Array) return;
  throw new TypeError(
    `Cannot ${action} ${quote(data)} over a WebSocket: it must be a string or a Uint8Array`,
  );
}

function makeScratch(): Scratch {
  const bytes = new Uint8Array(SCRATCH);
  return { bytes, payload: bytes.subarray(BEFORE) };
}
