/**
 * Readers of the answers to each kind of request.
 *
 * @module
 */

import { visibleText } from "../../internal/visible_text.ts";
import type {
  MemCacheAnswer,
  MemCacheMetaAnswer,
  MemCacheMetaCode,
  MemCacheValue,
  MemCacheWord,
} from "./memcache_answers.ts";

/**
 * Reads the parts of one answer.
 *
 * @returns The result if the answer is complete; "incomplete" if more parts must follow;
 *   "unexpected" if the part does not answer the request.
 */
export type AnswerReader<T> = (answer: MemCacheAnswer) => Outcome<T>;

/** The outcome of reading a part of an answer. */
export type Outcome<T> = { readonly result: T } | "incomplete" | "unexpected";

/** Returns the result for the caller from an item; `null` if the item lacks a field of it. */
export type ItemSelector<T> = (item: MemCacheValue) => T | null;

/** Reads a word, and returns the result that belongs to it. */
export function readStatus<T>(results: { readonly [word in MemCacheWord]?: T }): AnswerReader<T> {
  const outcomes = new Map(Object.entries(results).map(([word, result]) => [word, { result }]));
  return (answer) => (answer.type === "status" && outcomes.get(answer.status)) || "unexpected";
}

/** Reads the number after an increment or decrement; `null` if there is no such item. */
export function readNumber(answer: MemCacheAnswer): Outcome<bigint | null> {
  if (answer.type === "number") return { result: answer.number };
  const isMissing = answer.type === "status" && answer.status === "NOT_FOUND";
  return isMissing ? { result: null } : "unexpected";
}

/** Reads the version of the server. */
export function readVersion(answer: MemCacheAnswer): Outcome<string> {
  return answer.type === "version" ? { result: answer.version } : "unexpected";
}

/** Reads the item of one key; the result is `null` if there is no such item. */
export function readItem<T>(
  key: string,
  select: ItemSelector<T>,
): AnswerReader<T | null> {
  let found: { result: T } | null = null;
  return (answer) => {
    if (isEnd(answer)) return found ?? { result: null };
    if (answer.type !== "value" || answer.key !== key || found !== null) return "unexpected";
    const result = select(answer);
    if (result === null) return "unexpected";
    found = { result };
    return "incomplete";
  };
}

/** Reads the items of several keys, and adds them to a map. */
export function readItems<T>(
  keys: readonly string[],
  select: ItemSelector<T>,
  found: Map<string, T>,
): AnswerReader<void> {
  const missing = new Set(keys);
  return (answer) => {
    if (isEnd(answer)) return { result: undefined };
    if (answer.type !== "value" || !missing.delete(answer.key)) return "unexpected";
    const result = select(answer);
    if (result === null) return "unexpected";
    found.set(answer.key, result);
    return "incomplete";
  };
}

/** Reads statistics. */
export function readStatistics(): AnswerReader<Map<string, string>> {
  const result = new Map<string, string>();
  return (answer) => {
    if (answer.type === "statistic") {
      result.set(answer.name, answer.value);
      return "incomplete";
    }
    // Some arguments change the statistics, and have no list as their answer.
    const isDone = isEnd(answer) || (result.size === 0 && isDoneWord(answer));
    return isDone ? { result } : "unexpected";
  };
}

/** Reads the answer to a meta command. */
export function readMeta(codes: readonly MemCacheMetaCode[]): AnswerReader<MemCacheMetaAnswer> {
  return (answer) =>
    answer.type === "meta" && codes.includes(answer.code) ? { result: answer } : "unexpected";
}

function isEnd(answer: MemCacheAnswer): boolean {
  return answer.type === "status" && answer.status === "END";
}

function isDoneWord(answer: MemCacheAnswer): boolean {
  return answer.type === "status" && (answer.status === "OK" || answer.status === "RESET");
}

/** Returns the beginning of an answer, for an error message, without the value of an item. */
export function describe(answer: MemCacheAnswer): string {
  return visibleText(wordsOf(answer).trimEnd(), { newlines: "escaped" });
}

function wordsOf(answer: MemCacheAnswer): string {
  switch (answer.type) {
    case "value":
      return `VALUE ${answer.key}`;
    case "statistic":
      return `STAT ${answer.name}`;
    case "number":
      return `${answer.number}`;
    case "version":
      return `VERSION ${answer.version}`;
    case "failure":
      return `${answer.kind} ${answer.reason}`;
    case "status":
      return answer.status;
    case "meta":
      return `${answer.code} ${answer.flags.join(" ")}`;
  }
}
