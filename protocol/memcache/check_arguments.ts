/**
 * Checks of the arguments of a request. They become a part of a line, which the server divides into
 * words at its spaces. So no key, number or flag may contain a space or a control character: the
 * server would read another word, or another command.
 *
 * @module
 */

import { quote } from "../../internal/foreign_value.ts";
import { ClientError } from "./errors.ts";
import { MAX_UINT32, MAX_UINT64 } from "./parse_line.ts";

const encoder = new TextEncoder();
const VISIBLE = /^[\x21-\x7e]+$/;
// deno-lint-ignore no-control-regex -- control characters are what it finds
const CONTROL_OR_SPACE = /[\x00-\x20\x7f]/;
/** A letter, and optionally a token. */
const META_FLAG = /^[A-Za-z][\x21-\x7e]*$/;
/** One or more words. */
const STATISTICS = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
/**
 * The greatest number of flags of a command with a value. memcached refuses more, and then reads
 * the value as commands.
 */
const MAX_FLAGS_WITH_VALUE = 16;
/** The number of characters of a string that an error message shows. */
const SHOWN = 300;
/** The greatest expiration time and delay: memcached reads 32 bits with a sign. */
const MAX_INT32 = 0x7fff_ffff;

/**
 * Throws unless a value is a key: text of 1 to `maxLength` bytes in UTF-8, without spaces and
 * control characters.
 */
export function checkKey(key: unknown, maxLength: number): void {
  if (typeof key !== "string") throw invalid("key", key, "it must be a string");
  const reason = reasonAgainst(key, maxLength);
  if (reason !== null) throw invalid("key", key, reason);
}

function reasonAgainst(key: string, maxLength: number): string | null {
  if (key === "") return "it must not be empty";
  if (CONTROL_OR_SPACE.test(key)) return "it must not contain spaces or control characters";
  if (!key.isWellFormed()) return "it must not contain lone surrogates";
  const length = lengthOfKey(key);
  return length <= maxLength ? null : `it has ${length} bytes, and the maximum is ${maxLength}`;
}

/** Returns the length of a key in bytes. */
export function lengthOfKey(key: string): number {
  return VISIBLE.test(key) ? key.length : encoder.encode(key).length;
}

/**
 * Returns the bytes of a value.
 *
 * @throws {ClientError} when it is neither bytes nor a string, or longer than `maxLength` bytes.
 */
export function bytesOfValue(value: unknown, maxLength: number): Uint8Array {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  if (!(bytes instanceof Uint8Array)) {
    throw invalid("value", value, "it must be bytes or a string");
  }
  if (bytes.length <= maxLength) return bytes;
  throw new ClientError(
    `Cannot store a value of ${bytes.length} bytes: the limit is ${maxLength} (maxValueLength)`,
  );
}

/** Throws unless a value may be stored as flags. */
export function checkFlags(flags: unknown): void {
  checkInteger("flags", flags, 0, MAX_UINT32);
}

/** Throws unless a value is an expiration time. */
export function checkExpireTime(expireTime: unknown): void {
  checkInteger("expireTime", expireTime, -MAX_INT32 - 1, MAX_INT32);
}

/** Throws unless a value is the timeout of a request, or `undefined`. */
export function checkRequestTimeout(timeout: unknown): void {
  if (timeout === undefined || (typeof timeout === "number" && timeout >= 0)) return;
  throw invalid("timeout", timeout, "it must be a number of seconds from 0");
}

/** Throws unless a value is a delay of `flushAll()`. */
export function checkFlushDelay(delay: unknown): void {
  checkInteger("delay", delay, 0, MAX_INT32);
}

/** Throws unless a value is an integer of 64 bits without a sign. */
export function checkUint64(name: string, value: unknown): void {
  if (typeof value === "number") checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER);
  else if (typeof value !== "bigint" || value < 0n || value > MAX_UINT64) {
    throw invalid(name, value, `it must be an integer from 0 to ${MAX_UINT64}`);
  }
}

/** Throws unless a value is the number of a version of an item. */
export function checkCas(cas: unknown): void {
  if (typeof cas !== "bigint") {
    throw invalid("cas", cas, "it must be the bigint that gets() returned");
  }
  checkUint64("cas", cas);
}

/** Throws unless a value is an argument of `stats()`. */
export function checkStatistics(argument: unknown): void {
  if (typeof argument === "string" && argument.length <= 250 && STATISTICS.test(argument)) return;
  throw invalid("argument of stats", argument, "it must be words of visible ASCII characters");
}

/** Throws unless values are flags of a meta command that is always answered. */
export function checkMetaFlags(flags: unknown): void {
  if (!Array.isArray(flags)) throw invalid("flags", flags, "they must be an array of strings");
  for (const flag of flags) {
    if (typeof flag !== "string" || !META_FLAG.test(flag)) {
      throw invalid("flag", flag, "it must be a letter, optionally followed by a token");
    }
    if (flag.startsWith("q")) throw invalid("flag", flag, "each request needs an answer");
  }
}

/** Throws if a command has too many flags for the value that follows it. */
export function checkFlagsWithValue(command: string, flags: readonly string[]): void {
  if (flags.length <= MAX_FLAGS_WITH_VALUE) return;
  throw new ClientError(
    `Cannot send ${command} with ${flags.length} flags: the limit is ${MAX_FLAGS_WITH_VALUE}, ` +
      "because memcached would read the value as commands",
  );
}

function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(name, value, `it must be an integer from ${min} to ${max}`);
}

function invalid(name: string, value: unknown, reason: string): ClientError {
  const isLong = typeof value === "string" && value.length > SHOWN;
  const shown = isLong ? `${quote(value.slice(0, SHOWN))}…` : quote(value);
  return new ClientError(`Cannot use the ${name} ${shown}: ${reason}`);
}
