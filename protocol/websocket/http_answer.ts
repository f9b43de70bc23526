import { checkInteger } from "../../internal/validation.ts";
import { reasonPhrase } from "../http/reason_phrases.ts";

const encoder = new TextEncoder();

/** Options of an {@linkcode HTTPAnswer}. */
export interface HTTPAnswerOptions {
  /**
   * Header fields. `Content-Length` and `Connection` are set by the answer.
   *
   * @default {undefined} The type is plain text.
   */
  headers?: HeadersInit | undefined;
  /**
   * The body: bytes, or a text that is sent as UTF-8.
   *
   * @default {undefined} The meaning of the status.
   */
  body?: string | Uint8Array | undefined;
}

/**
 * The answer of a WebSocket server to a request that does not become a WebSocket connection: a
 * refusal, or a small page. The connection closes after it.
 *
 * @example
 * ```ts
 * import { HTTPAnswer } from "@torsion/reactor/websocket";
 *
 * const refusal = new HTTPAnswer(401, { headers: { "WWW-Authenticate": "Bearer" } });
 * const page = new HTTPAnswer(200, {
 *   headers: { "Content-Type": "text/html; charset=utf-8" },
 *   body: "<!doctype html><title>Hello</title>",
 * });
 * ```
 */
export class HTTPAnswer {
  /** The status. */
  readonly status: number;
  /** The header fields. */
  readonly headers: Headers;
  /** The body. */
  readonly body: Uint8Array;

  /**
   * Creates an answer.
   *
   * @param status The status, from 200 to 599.
   * @param options The header fields and the body.
   * @throws {RangeError} when the status is out of range.
   * @throws {TypeError} when a header field is not valid.
   */
  constructor(status: number, options: HTTPAnswerOptions = {}) {
    checkInteger("HTTPAnswer status", status, 200, 599);
    this.status = status;
    this.headers = new Headers(options.headers);
    const { body = `${status} ${reasonPhrase(status)}`.trim() + "\n" } = options;
    this.body = typeof body === "string" ? encoder.encode(body) : body;
    if (!this.headers.has("content-type")) {
      this.headers.set("content-type", "text/plain; charset=utf-8");
    }
  }

  /**
   * Returns the bytes of the answer.
   *
   * @param hasBody Whether to send the body: not to a HEAD request.
   */
  encode(hasBody: boolean): Uint8Array {
    const { status, body } = this;
    const isEmpty = status === 204 || status === 304;
    const headers = new Headers(this.headers);
    headers.delete("transfer-encoding");
    headers.set("connection", "close");
    if (isEmpty) headers.delete("content-length");
    else headers.set("content-length", String(body.length));
    const head = encodeHead(`HTTP/1.1 ${status} ${reasonPhrase(status)}`, headers);
    if (!hasBody || isEmpty) return head;
    const bytes = new Uint8Array(head.length + body.length);
    bytes.set(head);
    bytes.set(body, head.length);
    return bytes;
  }
}

/** Returns the bytes of a head. The values of `Headers` have characters of one byte only. */
export function encodeHead(start: string, headers: Iterable<[string, string]>): Uint8Array {
  const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Uint8Array.from(`${start}\r\n${fields}\r\n`, (character) => character.charCodeAt(0));
}
