/**
 * Functions that give the reply to a command its type. They check it, because a server may send
 * anything.
 *
 * @module
 */

import { doubleIn } from "./resp_numbers.ts";
import { textOfBytes } from "../framing/byte_text.ts";
import { AttributedValue, RESPError, type RESPValue, VerbatimString } from "./resp_value.ts";

/**
 * A reply whose strings are text. Strings of all kinds are `string`, decoded as UTF-8 with U+FFFD
 * for other bytes; other values are as in {@linkcode RESPValue}, without attributes.
 */
export type TextValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | RESPError
  | TextValue[]
  | TextMap
  | TextSet;

/** A map of RESP3 whose strings are text. */
export interface TextMap extends Map<TextValue, TextValue> {}

/** A set of RESP3 whose strings are text. */
export interface TextSet extends Set<TextValue> {}

/** The failure of a command whose reply has another type than its reader expects. */
export class UnexpectedReply extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedReply";
  /** The reply. */
  readonly value: RESPValue;

  /**
   * Creates the error. Its message names only the type of the reply, which may contain secrets.
   *
   * @param expected What the reader expects, such as `"an integer"`.
   * @param value The reply.
   */
  constructor(expected: string, value: RESPValue) {
    super(`Cannot read the reply as ${expected}: it is ${typeNameOf(value)}`);
    // Not shown in a log, where an error is printed with its properties.
    Object.defineProperty(this, "value", { enumerable: false });
    this.value = value;
  }
}

/** Returns the reply as the decoder has returned it: bulk strings are bytes. */
export function asRaw(value: RESPValue): RESPValue {
  return value;
}

/** Returns the reply with all strings as text, also those inside of it. */
export function asTextValue(value: RESPValue): TextValue {
  if (value instanceof Uint8Array) return textOfBytes(value, 0, value.length);
  if (typeof value !== "object" || value === null || value instanceof RESPError) return value;
  if (value instanceof VerbatimString) return value.toString();
  if (value instanceof AttributedValue) return asTextValue(value.value);
  if (Array.isArray(value)) return value.map(asTextValue);
  if (value instanceof Set) return new Set([...value].map(asTextValue));
  return new Map([...value].map(([key, each]) => [asTextValue(key), asTextValue(each)]));
}

/**
 * Returns a string as text.
 *
 * @throws {UnexpectedReply} when the reply is not a string.
 */
export function asText(value: RESPValue): string {
  const text = value instanceof Uint8Array || value instanceof VerbatimString
    ? asTextValue(value)
    : value;
  if (typeof text === "string") return text;
  throw new UnexpectedReply("text", value);
}

/**
 * Returns a string as text, and null as `null`: the reply to `GET`.
 *
 * @throws {UnexpectedReply} when the reply is neither.
 */
export function asTextOrNull(value: RESPValue): string | null {
  return value === null ? null : asText(value);
}

/**
 * Returns the bytes of a bulk string.
 *
 * @throws {UnexpectedReply} when the reply is not a bulk string.
 */
export function asBytes(value: RESPValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new UnexpectedReply("bytes", value);
}

/**
 * Returns the bytes of a bulk string, and null as `null`.
 *
 * @throws {UnexpectedReply} when the reply is neither.
 */
export function asBytesOrNull(value: RESPValue): Uint8Array | null {
  return value === null ? null : asBytes(value);
}

/**
 * Returns an integer: the reply to `INCR`.
 *
 * @throws {UnexpectedReply} when the reply is not a safe integer. {@linkcode asRaw} returns a
 *   larger one as a `bigint`.
 */
export function asInteger(value: RESPValue): number {
  if (Number.isSafeInteger(value)) return Number(value);
  throw new UnexpectedReply("an integer", value);
}

/**
 * Returns a number. RESP2 sends a double as a string: the reply to `ZSCORE`. The text is read by
 * the same rule as a double of RESP3.
 *
 * @throws {UnexpectedReply} when the reply is neither a number nor the text of one.
 */
export function asNumber(value: RESPValue): number {
  if (typeof value === "number") return value;
  const number = value instanceof Uint8Array ? doubleIn(value, 0, value.length) : null;
  if (number !== null) return number;
  throw new UnexpectedReply("a number", value);
}

/**
 * Returns a boolean. RESP2 sends the integers 1 and 0, as many commands do in RESP3, too.
 *
 * @throws {UnexpectedReply} when the reply is neither a boolean, nor 1, nor 0.
 */
export function asBoolean(value: RESPValue): boolean {
  if (typeof value === "boolean") return value;
  if (value === 0 || value === 1) return value === 1;
  throw new UnexpectedReply("a boolean", value);
}

/**
 * Returns the strings of an array or a set as texts: the reply to `LRANGE` or `SMEMBERS`.
 *
 * @throws {UnexpectedReply} when the reply is neither, or an element is not a string.
 */
export function asTexts(value: RESPValue): string[] {
  if (Array.isArray(value) || value instanceof Set) return [...value].map(asText);
  throw new UnexpectedReply("texts", value);
}

/**
 * Returns a map of texts. RESP2 sends an array of keys and values: the reply to `HGETALL`.
 *
 * @throws {UnexpectedReply} when the reply is neither, or a key or a value is not a string.
 */
export function asTextMap(value: RESPValue): Map<string, string> {
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [asText(key), asText(each)]));
  }
  if (!Array.isArray(value) || value.length % 2 !== 0) throw new UnexpectedReply("a map", value);
  const map = new Map<string, string>();
  const texts = value.map(asText);
  for (let i = 0; i < texts.length; i += 2) map.set(texts[i] ?? "", texts[i + 1] ?? "");
  return map;
}

function typeNameOf(value: RESPValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return `a ${value.constructor.name}`;
  return `a ${typeof value}`;
}
