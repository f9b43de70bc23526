/**
 * The rules of a request's head that concern its fields together: where the request ends, who it is
 * for, and what becomes of the connection (RFC 9112, sections 3, 6 and 9).
 *
 * What the RFC allows a server to repair is refused: a request with both `Content-Length` and
 * `Transfer-Encoding`, two equal lengths, and codings other than `chunked`. Each has been used to
 * smuggle requests past a proxy that repairs it in another way.
 *
 * @module
 */

import { latin1 } from "../framing/byte_text.ts";
import { isText } from "./byte_classes.ts";
import type { HeadScanner } from "./head_scanner.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";
import { RequestHead, type RequestHeadFacts } from "./request_head.ts";

/** A length of so many digits is an exact number in JavaScript. */
const MAX_LENGTH_DIGITS = 15;
const TAB = 9;
const SPACE = 32;
const SLASH = 47;
/** A host and an optional port, as clients send them. `URL` checks the rest. */
const HOST = /^(?:[\w.~-]+|\[[\da-fA-F:.]+\])(?::\d*)?$/;
/** Methods that a `Request` cannot have (WHATWG Fetch). */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];
/** Methods that a `Request` writes in capitals, although `get` is not `GET` in HTTP. */
const CAPITALIZED_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];

/** The facts about a head, while they are collected. */
type Facts = { -readonly [K in keyof RequestHeadFacts]: RequestHeadFacts[K] };

/** The values of the fields that decide about the request; `null` for one that was not sent. */
interface DecisiveFields {
  host: string | null;
  contentLength: string | null;
  transferEncoding: string | null;
  connection: string | null;
  expect: string | null;
  upgrade: string | null;
}

/** The last valid host of a connection. Most requests of a connection have the same. */
export interface KnownHost {
  /** The host and port. */
  host: string;
}

/**
 * Checks a complete head.
 *
 * @param scanner The positions of its parts.
 * @param bytes The bytes.
 * @param start The index of the first byte of the head.
 * @param end The index after the head.
 * @param offset The number of bytes before `start` in the input, for errors.
 * @param known The last valid host, which is updated.
 * @returns The head.
 * @throws {HTTPSyntaxError} when the head breaks a rule.
 */
export function checkHead(
  scanner: HeadScanner,
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  known: KnownHost,
): RequestHead {
  try {
    const fields = decisiveFields(scanner.marks, bytes, start, known);
    const facts: Facts = {
      method: methodIn(bytes, start + scanner.methodStart, start + scanner.methodEnd),
      target: latin1(bytes, start + scanner.methodEnd + 1, start + scanner.targetEnd),
      isRewritten: scanner.isRewritten,
      minorVersion: scanner.minorVersion,
      host: fields.host ?? "",
      bodyLength: bodyLengthOf(fields, scanner.minorVersion),
      keepAlive: scanner.minorVersion === 1,
      expectsContinue: false,
      upgrade: "",
    };
    if (fields.host === null && facts.minorVersion === 1) refuse(400, "no Host field");
    if (bytes[start + scanner.methodEnd + 1] !== SLASH) readOtherTarget(facts);
    if (facts.host !== known.host) checkHost(facts.host, known);
    if (fields.expect !== null) readExpect(facts, fields.expect);
    if (fields.connection !== null) readConnection(facts, fields.connection, fields.upgrade);
    return new RequestHead(facts, bytes, start, end, scanner.marks);
  } catch (error) {
    if (error instanceof Refusal) throw new HTTPSyntaxError(error.status, error.message, offset);
    throw error;
  }
}

/** A rule that a head breaks. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function refuse(status: number, reason: string): never {
  throw new Refusal(status, reason);
}

function methodIn(bytes: Uint8Array, start: number, end: number): string {
  if (end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45) {
    if (bytes[start + 2] === 0x54) return "GET";
  }
  const method = latin1(bytes, start, end);
  const capitals = method.toUpperCase();
  const isOther = method !== capitals && CAPITALIZED_METHODS.includes(capitals);
  if (isOther || FORBIDDEN_METHODS.includes(capitals)) refuse(501, `the method ${method}`);
  return method;
}

function checkHost(host: string, known: KnownHost): void {
  if (host !== "" && !HOST.test(host)) refuse(400, "an invalid host");
  known.host = host;
}

function decisiveFields(
  marks: readonly number[],
  bytes: Uint8Array,
  start: number,
  known: KnownHost,
): DecisiveFields {
  const found: DecisiveFields = {
    host: null,
    contentLength: null,
    transferEncoding: null,
    connection: null,
    expect: null,
    upgrade: null,
  };
  for (let i = 0; i < marks.length; i += 4) {
    const from = marks[i] ?? 0;
    const key = keyOfLength((marks[i + 1] ?? 0) - from);
    if (key === undefined || !isName(bytes, start + from, key.name)) continue;
    const end = start + (marks[i + 3] ?? 0);
    const begin = start + (marks[i + 2] ?? 0);
    const isKnown = key === HOST_FIELD && isText(bytes, begin, end, known.host);
    const value = isKnown ? known.host : latin1(bytes, begin, end);
    if (key.isFraming && hasTab(bytes, end)) refuse(400, `a tab after the ${key.label}`);
    const former = found[key.member];
    if (former === null) found[key.member] = value;
    else if (key.isList) found[key.member] = `${former},${value}`;
    else refuse(400, `two ${key.label} fields`);
  }
  return found;
}

/** A field that decides about a request. */
interface DecisiveField {
  readonly member: keyof DecisiveFields;
  readonly label: string;
  readonly name: readonly number[];
  /** Whether several fields of the name count as one list. */
  readonly isList: boolean;
  /** Whether it decides where the request ends. */
  readonly isFraming: boolean;
}

function field(
  member: keyof DecisiveFields,
  label: string,
  kind: "list" | "framing" | "value" = "value",
): DecisiveField {
  const name = [...label.toLowerCase()].map((character) => character.charCodeAt(0));
  return { member, label, name, isList: kind === "list", isFraming: kind === "framing" };
}

const HOST_FIELD = field("host", "Host");
const EXPECT = field("expect", "Expect");
const UPGRADE = field("upgrade", "Upgrade", "list");
const CONNECTION = field("connection", "Connection", "list");
const CONTENT_LENGTH = field("contentLength", "Content-Length", "framing");
const TRANSFER_ENCODING = field("transferEncoding", "Transfer-Encoding", "framing");

/** Returns whether a tab is among the whitespace after a value. llhttp refuses it there. */
function hasTab(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (bytes[at] === SPACE) at++;
  return bytes[at] === TAB;
}

/** The names of these fields differ in length, so the length is enough to choose one. */
function keyOfLength(length: number): DecisiveField | undefined {
  switch (length) {
    case 4:
      return HOST_FIELD;
    case 6:
      return EXPECT;
    case 7:
      return UPGRADE;
    case 10:
      return CONNECTION;
    case 14:
      return CONTENT_LENGTH;
    case 17:
      return TRANSFER_ENCODING;
    default:
      return undefined;
  }
}

/** Returns whether a name is at an index. Its case is ignored; `name` is in lower case. */
function isName(bytes: Uint8Array, at: number, name: readonly number[]): boolean {
  for (let i = 0; i < name.length; i++) {
    // Of the characters of a token, only a capital letter becomes a small one by this bit, and "-"
    // has it already.
    if (((bytes[at + i] ?? 0) | 0x20) !== name[i]) return false;
  }
  return true;
}

function bodyLengthOf(fields: DecisiveFields, minorVersion: 0 | 1): number | null {
  const { contentLength, transferEncoding } = fields;
  if (transferEncoding === null) {
    if (contentLength === null) return 0;
    if (/^\d+$/.test(contentLength) && contentLength.length <= MAX_LENGTH_DIGITS) {
      return Number(contentLength);
    }
    return refuse(400, "an invalid Content-Length");
  }
  if (contentLength !== null) refuse(400, "both Content-Length and Transfer-Encoding");
  if (minorVersion === 0) refuse(400, "Transfer-Encoding in HTTP/1.0");
  if (transferEncoding.toLowerCase() === "chunked") return null;
  if (/^[\w-]+[ \t]*,[ \t]*chunked$/i.test(transferEncoding)) {
    refuse(501, "a transfer coding other than chunked");
  }
  return refuse(400, "an invalid Transfer-Encoding");
}

/** Reads a target that is not a path: a whole URL, or the `*` of `OPTIONS`. */
function readOtherTarget(facts: Facts): void {
  const { method, target } = facts;
  if (target === "*" && method === "OPTIONS") {
    facts.target = "*";
    return;
  }
  // The host of the target counts, and not that of the field (RFC 9112, section 3.2.2).
  const [, authority = "", rest = ""] = /^https?:\/\/([^/?]+)(.*)$/i.exec(target) ?? [];
  if (authority === "") refuse(400, "an invalid request target");
  facts.host = authority;
  facts.target = rest.startsWith("/") ? rest : `/${rest}`;
}

function readExpect(facts: Facts, expect: string): void {
  if (facts.minorVersion === 0) return;
  if (expect.toLowerCase() !== "100-continue") refuse(417, "an unknown expectation");
  facts.expectsContinue = facts.bodyLength !== 0;
}

function readConnection(facts: Facts, connection: string, upgrade: string | null): void {
  const options = connection.toLowerCase().split(",").map((option) => option.trim());
  if (facts.minorVersion === 0) facts.keepAlive = options.includes("keep-alive");
  if (options.includes("close")) facts.keepAlive = false;
  const isUpgrade = facts.minorVersion === 1 && options.includes("upgrade");
  if (isUpgrade) facts.upgrade = upgrade ?? "";
}
