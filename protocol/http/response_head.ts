import { httpDate } from "./http_date.ts";
import { reasonPhrase } from "./reason_phrases.ts";

/** What a response's fields say about its body and its connection. */
export interface ResponseFacts {
  /** The field lines, without those that this module writes itself, and with a date. */
  fields: string;
  /** The length that the handler has given, in bytes; `null` for none. */
  length: number | null;
  /** Whether the handler wants the connection closed. */
  closes: boolean;
  /** The codings of the body, such as `gzip`; `""` for none. The field is not in `fields`. */
  coding: string;
}

/**
 * Reads the fields of a response. Those that belong to a connection are not copied, because the
 * connection decides about them: `Connection`, `Keep-Alive` and `Transfer-Encoding` (RFC 9110,
 * section 7.6.1).
 *
 * @param headers The fields.
 * @returns The facts.
 * @throws {RangeError} when the `Content-Length` is not a length.
 */
export function readFields(headers: Headers): ResponseFacts {
  const facts: ResponseFacts = { fields: "", length: null, closes: false, coding: "" };
  let hasDate = false;
  headers.forEach((value, name) => {
    switch (name) {
      case "connection":
        facts.closes = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
        return;
      case "keep-alive":
      case "transfer-encoding":
        return;
      case "content-length":
        facts.length = lengthOf(value);
        return;
      case "content-encoding":
        facts.coding = value;
        return;
      case "date":
        hasDate = true;
    }
    facts.fields += `${name}: ${value}\r\n`;
  });
  if (!hasDate) facts.fields += `date: ${httpDate()}\r\n`;
  return facts;
}

function lengthOf(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new RangeError(
    `Cannot send a response: its Content-Length must be a number of bytes, got ${
      JSON.stringify(value)
    }`,
  );
}

/** The status lines without a reason phrase of the handler's, by status. */
const statusLines: string[] = [];

/** Returns the first line of a response. */
export function statusLine(status: number, reason: string): string {
  if (reason !== "") return `HTTP/1.1 ${status} ${reason}\r\n`;
  return statusLines[status] ??= `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
}

/** Returns whether a response with this status never has a body (RFC 9110, section 6.4.1). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}
