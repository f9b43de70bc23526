import type { AttributedValue, RESPError, VerbatimString } from "./resp_value.ts";

/** A value that a client may send as the name or an argument of a command. */
export type RESPArgument = string | Uint8Array | number | bigint;

/**
 * A value that a server may send. A type that RESP2 lacks is sent in the form that Redis uses:
 *
 * | TypeScript                               | RESP3          | RESP2                         |
 * | ---------------------------------------- | -------------- | ----------------------------- |
 * | `string`, `Uint8Array`                   | bulk string    | bulk string                   |
 * | {@linkcode SimpleString}                 | simple string  | simple string                 |
 * | `number` and `bigint` with up to 64 bits | integer        | integer                       |
 * | `bigint` with more bits                  | big number     | bulk string                   |
 * | other `number`s, {@linkcode RESPDouble}  | double         | bulk string                   |
 * | `boolean`                                | boolean        | integer, 1 or 0               |
 * | `null`                                   | null           | null bulk string              |
 * | {@linkcode NULL_ARRAY}                   | null           | null array                    |
 * | {@linkcode RESPError}                    | simple error   | simple error                  |
 * | {@linkcode VerbatimString}               | verbatim       | bulk string                   |
 * | array                                    | array          | array                         |
 * | `Map`                                    | map            | array of keys and values      |
 * | `Set`                                    | set            | array                         |
 * | {@linkcode AttributedValue}              | with attribute | the value, without attributes |
 */
export type RESPOutput =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | typeof NULL_ARRAY
  | SimpleString
  | RESPDouble
  | RESPError
  | VerbatimString
  | AttributedValue
  | readonly RESPOutput[]
  | ReadonlyMap<RESPOutput, RESPOutput>
  | ReadonlySet<RESPOutput>;

/** A version of the protocol. */
export type RESPVersion = 2 | 3;

/** The null array of RESP2, which Redis sends for a list that does not exist, as `BLPOP` does. */
export const NULL_ARRAY: unique symbol = Symbol("NULL_ARRAY");

/** A simple string: a short text that is not data, such as `OK`. */
export class SimpleString {
  /** The text. */
  readonly text: string;

  /**
   * Creates a simple string.
   *
   * @param text The text, on one line.
   * @throws {RangeError} when the text contains a line end.
   */
  constructor(text: string) {
    if (/[\r\n]/.test(text)) {
      throw new RangeError(
        `Cannot create a simple string of ${JSON.stringify(text)}: it contains a line end`,
      );
    }
    this.text = text;
  }

  /** Returns the text. */
  toString(): string {
    return this.text;
  }
}

/** The simple string `OK`, the reply of commands that return no data. */
export const OK: SimpleString = new SimpleString("OK");

/** A number that is sent as a double, even if it is an integer. */
export class RESPDouble {
  /** The number. */
  readonly value: number;

  /**
   * Creates a double.
   *
   * @param value The number. It may be infinite or `NaN`.
   */
  constructor(value: number) {
    this.value = value;
  }
}
