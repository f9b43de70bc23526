/**
 * The head of an HTTP/1.1 message (RFC 9112), as far as a WebSocket handshake needs it. It is
 * strict: lines end with CR LF, and whatever two programs could read in different ways is refused.
 *
 * @module
 */

import { ReceiveBuffer } from "../framing/receive_buffer.ts";
import { latin1 } from "../framing/byte_text.ts";

const END = new TextEncoder().encode("\r\n\r\n");
const LETTER_A = 0x41;
const LETTER_Z = 0x5a;
/** The first byte of a TLS client, and that of a TLS server that refuses the bytes of HTTP. */
const TLS_HANDSHAKE = 22;
const TLS_ALERT = 21;
/** The maximum number of header fields. */
const MAX_FIELDS = 100;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Thrown when a head is not valid, or too long. */
export class HTTPHeadError extends Error {
  /** The error's name. */
  override readonly name = "HTTPHeadError";
  /** The status with which a server answers. */
  readonly status: number;

  /**
   * @param status The status with which a server answers.
   * @param message The reason.
   */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The head of a message. */
export interface HTTPHead {
  /** The first line. */
  readonly start: string;
  /** The header fields. */
  readonly headers: Headers;
  /** The number of fields of each name, in lower case. `headers` joins those with one name. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Collects bytes up to the end of a head. */
export class HTTPHeadReader {
  readonly #buffer = new ReceiveBuffer();
  readonly #maxLength: number;

  /** @param maxLength The maximum number of bytes of a head. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The number of bytes that have arrived and were not taken out. */
  get size(): number {
    return this.#buffer.size;
  }

  /** Adds bytes that have arrived. */
  push(chunk: Uint8Array): void {
    this.#buffer.append(chunk);
  }

  /**
   * Returns the head; null if it is not complete.
   *
   * @throws {HTTPHeadError} when it is not valid or too long.
   */
  next(): HTTPHead | null {
    this.#checkFirstByte();
    const length = this.#buffer.lengthUntil(END);
    // The last bytes may be the beginning of the end.
    const known = length < 0 ? this.#buffer.size - END.length + 1 : length;
    if (known > this.#maxLength) {
      throw new HTTPHeadError(431, `its head has more than ${this.#maxLength} bytes`);
    }
    return length < 0 ? null : parseHead(this.#buffer.take(length, END.length));
  }

  /** Refuses what cannot become a head, instead of waiting for its end until the deadline. */
  #checkFirstByte(): void {
    const [first = LETTER_A] = this.#buffer.peek(0, Math.min(this.#buffer.size, 1));
    if (first >= LETTER_A && first <= LETTER_Z) return;
    if (first === TLS_HANDSHAKE) throw new HTTPHeadError(400, "it is a TLS handshake, not HTTP");
    if (first === TLS_ALERT) throw new HTTPHeadError(400, "it is TLS, not HTTP");
    throw new HTTPHeadError(400, "its first line is not valid");
  }

  /** Takes out the bytes that have arrived after the head. */
  takeRest(): Uint8Array {
    return this.#buffer.takeAll();
  }
}

function parseHead(bytes: Uint8Array): HTTPHead {
  const [start = "", ...fields] = latin1(bytes, 0, bytes.length).split("\r\n");
  if (!/^[\x20-\x7e\x80-\xff]*$/.test(start)) {
    throw new HTTPHeadError(400, "its first line is not valid");
  }
  if (fields.length > MAX_FIELDS) {
    throw new HTTPHeadError(431, `it has more than ${MAX_FIELDS} header fields`);
  }
  const headers = new Headers();
  const counts = new Map<string, number>();
  for (const field of fields) {
    const [, name, value = ""] = FIELD.exec(field) ?? [];
    if (name === undefined) throw new HTTPHeadError(400, "a line of its header is not valid");
    headers.append(name, value);
    const key = name.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { start, headers, counts };
}

/** Returns the members of a comma-separated field, without empty ones. */
export function listOf(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? "").split(",").map((item) => item.trim()).filter(Boolean);
}

/** Returns whether a comma-separated field has a member, in any case. */
export function hasToken(headers: Headers, name: string, token: string): boolean {
  return listOf(headers, name).some((item) => item.toLowerCase() === token);
}
