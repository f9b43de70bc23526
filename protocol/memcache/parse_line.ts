/**
 * The lines of memcached's text protocol, as its `doc/protocol.txt` defines them.
 *
 * @module
 */

import { decodeText } from "../framing/lines_ahead.ts";
import type {
  MemCacheAnswer,
  MemCacheFailure,
  MemCacheMetaCode,
  MemCacheWord,
} from "./memcache_answers.ts";

/** A line that a value follows, with the length of that value in bytes. */
export type ValueLine =
  | {
    readonly type: "value";
    readonly key: string;
    readonly flags: number;
    readonly cas: bigint | null;
    readonly length: number;
  }
  | { readonly type: "meta"; readonly flags: readonly string[]; readonly length: number };

/** The greatest value of flags. */
export const MAX_UINT32 = 0xffff_ffff;
/** The greatest number of an increment, and of a version of an item. */
export const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DECIMAL = /^\d{1,10}$/;
const LONG_DECIMAL = /^\d{1,20}$/;
/** Up to this number of bytes, a string is made faster from its codes than by a `TextDecoder`. */
const SHORT = 512;

/** The words that are a whole line. */
const WORDS: readonly MemCacheWord[] = [
  "STORED",
  "NOT_STORED",
  "EXISTS",
  "NOT_FOUND",
  "DELETED",
  "TOUCHED",
  "OK",
  "RESET",
  "END",
];

/** The codes of meta commands that no value follows. */
const META_CODES: readonly MemCacheMetaCode[] = ["HD", "EN", "NF", "NS", "EX"];

/** Parses the fields after the first word. Returns a requirement that the line does not meet. */
type LineParser = (rest: string, line: Uint8Array) => MemCacheAnswer | ValueLine | string;

/** The parsers, by the first word of the line. */
const PARSERS: ReadonlyMap<string, LineParser> = new Map<string, LineParser>([
  ["VALUE", parseValueLine],
  ["STAT", parseStatistic],
  ["VERSION", (version) => ({ type: "version", version })],
  ["VA", parseMetaValueLine],
  ...WORDS.map((status): [string, LineParser] => [
    status,
    (rest) => rest === "" ? { type: "status", status } : `nothing may follow ${status}`,
  ]),
  ...META_CODES.map((code): [string, LineParser] => [
    code,
    (rest) => ({ type: "meta", code, flags: flagsOf(rest), value: null }),
  ]),
  ...(["ERROR", "CLIENT_ERROR", "SERVER_ERROR"] satisfies MemCacheFailure["kind"][])
    .map((kind): [string, LineParser] => [
      kind,
      (reason) => ({ type: "failure", kind, reason }),
    ]),
]);

/**
 * Parses a line.
 *
 * @param line The bytes, without the line end.
 * @returns The answer, the line that a value follows, or the requirement that the line does not
 *   meet.
 */
export function parseLine(line: Uint8Array): MemCacheAnswer | ValueLine | string {
  const text = lineText(line);
  const space = text.indexOf(" ");
  const word = space < 0 ? text : text.slice(0, space);
  const parse = PARSERS.get(word);
  if (parse !== undefined) return parse(space < 0 ? "" : text.slice(space + 1), line);
  const number = uint64Of(text);
  return number === null ? "it must begin with a known word" : { type: "number", number };
}

/**
 * Returns the text of a line.
 *
 * @param line The bytes, without the line end. Invalid bytes become U+FFFD.
 */
export function lineText(line: Uint8Array): string {
  if (line.length > SHORT) return decodeText(line);
  for (let i = 0; i < line.length; i++) {
    const byte = line[i];
    if (byte === undefined || byte > 0x7f) return decodeText(line);
  }
  // fromCharCode() takes the codes as arguments; a typed array is array-like, as apply() requires.
  return Reflect.apply(String.fromCharCode, String, line);
}

function parseValueLine(rest: string, line: Uint8Array): ValueLine | string {
  const fields = rest.split(" ");
  const [key = "", flagsField = "", lengthField = "", casField] = fields;
  const flags = numberOf(flagsField);
  const length = numberOf(lengthField);
  const cas = casField === undefined ? null : uint64Of(casField);
  const isCasInvalid = casField !== undefined && cas === null;
  if (key === "" || flags === null || flags > MAX_UINT32 || length === null || isCasInvalid) {
    return "VALUE must be followed by a key, flags, a length and optionally a cas number";
  }
  if (fields.length > 4) return "VALUE must be followed by at most four fields";
  if (key.includes("\ufffd") && !isUTF8(line)) return "its key must be UTF-8";
  return { type: "value", key, flags, cas, length };
}

function parseStatistic(rest: string): MemCacheAnswer | string {
  const space = rest.indexOf(" ");
  const name = space < 0 ? rest : rest.slice(0, space);
  if (name === "") return "STAT must be followed by a name";
  return { type: "statistic", name, value: space < 0 ? "" : rest.slice(space + 1) };
}

function parseMetaValueLine(rest: string): ValueLine | string {
  const [lengthField = "", ...flags] = flagsOf(rest);
  const length = numberOf(lengthField);
  if (length === null) return "VA must be followed by a length";
  return { type: "meta", flags, length };
}

/** Returns the fields of a line. memcached ends some lines with a space. */
function flagsOf(rest: string): string[] {
  return rest.split(" ").filter((flag) => flag !== "");
}

function numberOf(field: string): number | null {
  return DECIMAL.test(field) ? Number(field) : null;
}

function uint64Of(field: string): bigint | null {
  if (!LONG_DECIMAL.test(field)) return null;
  const number = BigInt(field);
  return number <= MAX_UINT64 ? number : null;
}

function isUTF8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
