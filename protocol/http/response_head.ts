import { type HeaderEntry, headerListOf } from "./header_list.ts";
import { httpDate } from "./http_date.ts";
import { reasonPhrase } from "./reason_phrases.ts";

/** What a response's fields say about its body and its connection. */
export interface ResponseFacts {
  /** The field lines, without those that this module writes itself. */
  readonly fields: string;
  /** Whether a date is among the fields. */
  readonly hasDate: boolean;
  /** The length that the handler has given, in bytes; `null` for none. */
  readonly length: number | null;
  /** Whether the handler wants the connection closed. */
  readonly closes: boolean;
  /** The codings of the body, such as `gzip`; `""` for none. The field is not in `fields`. */
  readonly coding: string;
}

/** The facts, while they are collected. */
type Facts = { -readonly [K in keyof ResponseFacts]: ResponseFacts[K] };

/** Responses with more fields are not compared with the last one. */
const MOST_COMPARED = 16;
/**
 * The fields of the last response, as names and values in turn. Most responses have the same
 * fields.
 */
let lastList: readonly string[] = [];
let lastFacts: ResponseFacts | null = null;

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
  const list = headerListOf(headers);
  if (list === null || list.length > MOST_COMPARED) return collectFacts(headers);
  if (lastFacts !== null && isLast(list)) return lastFacts;
  const facts = collectFacts(headers);
  lastList = list.flat();
  return lastFacts = facts;
}

function isLast(list: readonly HeaderEntry[]): boolean {
  if (list.length * 2 !== lastList.length) return false;
  for (let i = 0; i < list.length; i++) {
    const entry = list[i];
    if (entry?.[1] !== lastList[i * 2 + 1] || entry?.[0] !== lastList[i * 2]) return false;
  }
  return true;
}

function collectFacts(headers: Headers): ResponseFacts {
  const facts: Facts = { fields: "", hasDate: false, length: null, closes: false, coding: "" };
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
        facts.hasDate = true;
    }
    facts.fields += `${name}: ${value}\r\n`;
  });
  return facts;
}

/** The last result of {@linkcode headOf}, and what it was made from. */
let lastHead = { status: 0, reason: "", fields: "", date: "", coding: "", text: "" };

/**
 * Returns the status line and the fields of a response.
 *
 * @param status The status.
 * @param reason The reason phrase; `""` for the usual one.
 * @param facts The fields.
 * @param coding The codings of the body, to be written; `""` for none.
 */
export function headOf(
  status: number,
  reason: string,
  facts: ResponseFacts,
  coding: string,
): string {
  const { fields } = facts;
  const date = facts.hasDate ? "" : httpDate();
  const { text } = lastHead;
  if (
    status === lastHead.status && date === lastHead.date && fields === lastHead.fields &&
    reason === lastHead.reason && coding === lastHead.coding
  ) return text;
  const dateField = date === "" ? "" : `date: ${date}\r\n`;
  const codingField = coding === "" ? "" : `content-encoding: ${coding}\r\n`;
  const head = statusLine(status, reason) + fields + dateField + codingField;
  lastHead = { status, reason, fields, date, coding, text: head };
  return head;
}

/** The last result of {@linkcode headWithLength}, and what it was made from. */
let lastWhole = { head: "", length: 0, end: "", text: "" };

/** Returns a head with a length and its last fields, which `end` contains. */
export function headWithLength(head: string, length: number, end: string): string {
  const { text } = lastWhole;
  if (length === lastWhole.length && head === lastWhole.head && end === lastWhole.end) return text;
  const whole = `${head}content-length: ${length}\r\n${end}`;
  lastWhole = { head, length, end, text: whole };
  return whole;
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
