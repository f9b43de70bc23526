/**
 * What a memcached server sends, as the values of a `MemCacheDecoder`.
 *
 * @module
 */

/** A stored item: a line `VALUE` and the value. One of the parts of an answer that `END` ends. */
export interface MemCacheValue {
  /** The discriminant. */
  readonly type: "value";
  /** The key. */
  readonly key: string;
  /** The flags that were stored with the value: an integer from 0 to 4294967295. */
  readonly flags: number;
  /** The number of this version of the item, if the request was `gets`; otherwise `null`. */
  readonly cas: bigint | null;
  /** The value. */
  readonly value: Uint8Array;
}

/** A statistic: a line `STAT`. One of the parts of an answer that `END` ends. */
export interface MemCacheStatistic {
  /** The discriminant. */
  readonly type: "statistic";
  /** The name. */
  readonly name: string;
  /** The value. */
  readonly value: string;
}

/** The number after an increment or a decrement. */
export interface MemCacheNumber {
  /** The discriminant. */
  readonly type: "number";
  /** The number: an integer of 64 bits without a sign. */
  readonly number: bigint;
}

/** The version of the server: a line `VERSION`. */
export interface MemCacheVersion {
  /** The discriminant. */
  readonly type: "version";
  /** The version. */
  readonly version: string;
}

/** The failure of a request. */
export interface MemCacheFailure {
  /** The discriminant. */
  readonly type: "failure";
  /** The kind of the failure. */
  readonly kind: "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR";
  /** The reason, for a human reader; often empty for `ERROR`. */
  readonly reason: string;
}

/** The words that are a whole line. `END` ends an answer of several parts. */
export type MemCacheWord =
  | "STORED"
  | "NOT_STORED"
  | "EXISTS"
  | "NOT_FOUND"
  | "DELETED"
  | "TOUCHED"
  | "OK"
  | "RESET"
  | "END";

/** A line of one word. */
export interface MemCacheStatus {
  /** The discriminant. */
  readonly type: "status";
  /** The word. */
  readonly status: MemCacheWord;
}

/**
 * The codes of answers to meta commands: `HD` success, `VA` success with a value, `EN` a miss, `NF`
 * not found, `NS` not stored, `EX` exists.
 */
export type MemCacheMetaCode = "HD" | "VA" | "EN" | "NF" | "NS" | "EX";

/** The answer to a meta command. */
export interface MemCacheMetaAnswer {
  /** The discriminant. */
  readonly type: "meta";
  /** The code. */
  readonly code: MemCacheMetaCode;
  /** The flags, in the order of the answer: a letter, and often a token, such as `t30`. */
  readonly flags: readonly string[];
  /** The value if the code is `VA`; otherwise `null`. */
  readonly value: Uint8Array | null;
}

/** A part of an answer. A value and a statistic are followed by another part. */
export type MemCacheAnswer =
  | MemCacheValue
  | MemCacheStatistic
  | MemCacheNumber
  | MemCacheVersion
  | MemCacheFailure
  | MemCacheStatus
  | MemCacheMetaAnswer;
