import { isInstance } from "../../internal/foreign_value.ts";
import type { ITransport } from "../../reactor/interfaces/mod.ts";
import type { BodyFraming } from "./body_sender.ts";
import { bytesOfText } from "../framing/byte_text.ts";
import { writeHead, writeShort } from "./short_writes.ts";
import { httpDate } from "./http_date.ts";
import { reasonPhrase } from "./reason_phrases.ts";
import type { RequestHead } from "./request_head.ts";
import { headOf, headWithLength, isBodiless, readFields, statusLine } from "./response_head.ts";
import { takeStaticBody } from "./static_body.ts";

/** A response, as it will be sent. */
export interface ResponsePlan {
  /** The status line and the fields, without the last ones, which the connection decides about. */
  readonly head: string;
  /** The whole body; `null` for none. It has a `Content-Length`, which is not in the head yet. */
  readonly content: string | Uint8Array | null;
  /** The body, if it must be read; `null` otherwise. */
  readonly stream: ReadableStream<Uint8Array> | null;
  /** How the end of the stream is marked. */
  readonly framing: BodyFraming;
  /** Whether the connection must be closed after the response. */
  readonly closes: boolean;
}

/**
 * Bodies of more bytes are read as streams, whose pieces are written only as the client takes them.
 * Otherwise a slow client would have to take all of it within `sendTimeout`.
 */
const MAX_AT_ONCE = 131_072;

const CHUNKED: BodyFraming = { kind: "chunked" };
const CLOSE: BodyFraming = { kind: "close" };

/**
 * Decides how to send a response.
 *
 * @param response The response. Its body counts as used afterwards.
 * @param request The head of the request.
 * @returns The plan.
 * @throws {TypeError | RangeError} when the response cannot be sent.
 */
export function planResponse(response: Response, request: RequestHead): ResponsePlan {
  const { status } = response;
  if (status < 200) {
    throw new TypeError(
      `Cannot answer with a response of status ${status}: it must be 200 to 599, or the result ` +
        "of info.upgrade() or info.takeOver()",
    );
  }
  const facts = readFields(response.headers);
  const { coding, closes } = facts;
  const isDecoded = coding !== "" && isDecodedByFetch(response, coding);
  const length = isDecoded ? null : facts.length;
  const head = headOf(status, response.statusText, facts, isDecoded ? "" : coding);
  const content = takeStaticBody(response);
  if (isBodiless(status) || request.method === "HEAD") {
    if (content === undefined) cancelBody(response);
    const size = content === undefined || content === null ? length : byteLength(content);
    const field = size === null || status === 204 ? "" : `content-length: ${size}\r\n`;
    return { head: head + field, content: null, stream: null, framing: CHUNKED, closes };
  }
  if (content && content.length > MAX_AT_ONCE) {
    const bytes = typeof content === "string" ? bytesOfText(content) : content;
    const { length } = bytes;
    return {
      head: `${head}content-length: ${length}\r\n`,
      content: null,
      stream: ReadableStream.from([bytes]),
      framing: { kind: "length", length },
      closes,
    };
  }
  const stream = content === undefined ? response.body : null;
  if (stream === null) {
    return { head, content: content ?? "", stream, framing: CHUNKED, closes };
  }
  if (stream.locked) throw new TypeError("Cannot answer: the body of the response is locked");
  if (length !== null) {
    const field = `content-length: ${length}\r\n`;
    return {
      head: head + field,
      content: null,
      stream,
      framing: { kind: "length", length },
      closes,
    };
  }
  // A client of HTTP/1.0 does not know chunks: the end of the connection is the end of the body.
  if (request.minorVersion === 0) {
    return { head, content: null, stream, framing: CLOSE, closes: true };
  }
  const field = "transfer-encoding: chunked\r\n";
  return { head: head + field, content: null, stream, framing: CHUNKED, closes };
}

/**
 * Returns whether the body is not as its fields say: `fetch` decodes these codings, and keeps the
 * fields. Only a response of `fetch` has a URL.
 */
function isDecodedByFetch(response: Response, coding: string): boolean {
  return response.url !== "" && /^(?:gzip|br)$/i.test(coding) && response.body !== null;
}

/**
 * Writes the head of a response, and its body unless that is a stream.
 *
 * @param transport The connection.
 * @param plan The response.
 * @param end The last fields, and the empty line.
 */
export function writeResponse(transport: ITransport, plan: ResponsePlan, end: string): void {
  const { head, content } = plan;
  if (content === null) return writeHead(transport, head + end);
  if (typeof content !== "string") {
    writeHead(transport, headWithLength(head, content.length, end));
    return transport.write(content);
  }
  // In a short text in ASCII, each character is a byte.
  if (writeShort(transport, headWithLength(head, content.length, end), content)) return;
  const bytes = bytesOfText(content);
  writeHead(transport, headWithLength(head, bytes.length, end));
  transport.write(bytes);
}

/**
 * Writes a status, with its name as the body, as the last response of a connection.
 *
 * @param transport The connection.
 * @param status The status.
 * @param isHead Whether the body is left out.
 */
export function writeStatus(transport: ITransport, status: number, isHead: boolean): void {
  const text = `${reasonPhrase(status)}\n`;
  const head = `${statusLine(status, "")}content-type: text/plain;charset=UTF-8\r\n` +
    `date: ${httpDate()}\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n`;
  writeShort(transport, head, isHead ? "" : text);
}

/** Writes the answer 101 with some fields. */
export function writeSwitching(transport: ITransport, headers: Headers): void {
  let head = statusLine(101, "Switching Protocols");
  headers.forEach((value, name) => head += `${name}: ${value}\r\n`);
  writeHead(transport, `${head}\r\n`);
}

/** Returns about how many bytes {@linkcode writeResponse} writes. */
export function sizeOf({ head, content }: ResponsePlan): number {
  return head.length + (content?.length ?? 0);
}

function byteLength(content: string | Uint8Array): number {
  return typeof content === "string" ? bytesOfText(content).length : content.length;
}

/** Cancels the body of a response that is not sent. */
export function cancelBody(response: unknown): void {
  if (!isInstance(response, Response) || response.body === null || response.body.locked) return;
  response.body.cancel().catch(() => {
    // The source of the stream has refused to be cancelled. No one waits for it.
  });
}
