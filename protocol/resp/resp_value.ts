/**
 * The values of RESP2 and RESP3 as values of TypeScript.
 *
 * @module
 */

import { textOfBytes } from "../framing/byte_text.ts";

/**
 * A value that a {@linkcode RESPDecoder} returns.
 *
 * | RESP                         | TypeScript                                                      |
 * | ---------------------------- | --------------------------------------------------------------- |
 * | simple string                | `string`                                                        |
 * | bulk string, streamed string | `Uint8Array`; `string` with the option `text` of the decoder    |
 * | verbatim string              | {@linkcode VerbatimString}                                      |
 * | simple error, blob error     | {@linkcode RESPError}, which is a value: it is not thrown       |
 * | integer                      | `number`; `bigint` outside of the safe integers                 |
 * | big number                   | `bigint`                                                        |
 * | double                       | `number`                                                        |
 * | boolean                      | `boolean`                                                       |
 * | null, null bulk, null array  | `null`                                                          |
 * | array                        | array                                                           |
 * | map                          | `Map`                                                           |
 * | set                          | `Set`                                                           |
 *
 * A key of a `Map` and a member of a `Set` that is a bulk string is a `string` if its bytes are
 * UTF-8, because JavaScript compares `Uint8Array`s by identity. Only other bytes stay a
 * `Uint8Array`, so no two keys become one.
 *
 * A value inside of an aggregate that has attributes is an {@linkcode AttributedValue}. The
 * attributes of a whole message are in {@linkcode RESPMessage}.
 */
export type RESPValue =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | RESPError
  | VerbatimString
  | AttributedValue
  | RESPValue[]
  | RESPMap
  | RESPSet;

/** A map of RESP3. */
export interface RESPMap extends Map<RESPValue, RESPValue> {}

/** A set of RESP3. */
export interface RESPSet extends Set<RESPValue> {}

/** The reply to a command. */
export interface RESPReply {
  /** Distinguishes replies from pushes. */
  readonly kind: "reply";
  /** The value. It is a {@linkcode RESPError} if the command failed. */
  readonly value: RESPValue;
  /** The attributes of the reply; `null` if it has none. */
  readonly attributes: RESPMap | null;
}

/** Data that the server sends without being asked, such as a published message. */
export interface RESPPush {
  /** Distinguishes replies from pushes. */
  readonly kind: "push";
  /** The kind of data, such as `"message"`, and the data. */
  readonly value: RESPValue[];
  /** The attributes of the push; `null` if it has none. */
  readonly attributes: RESPMap | null;
}

/**
 * A whole value at the top level of the protocol. It is wrapped, because a decoder returns `null`
 * when it needs more bytes, and `null` is also a reply.
 */
export type RESPMessage = RESPReply | RESPPush;

/**
 * An error of RESP: its first word is a code, and the rest describes the error.
 *
 * A decoder returns it as a value. A server sends it, if a handler throws it.
 *
 * @example
 * ```ts
 * import { RESPError } from "@torsion/reactor/resp";
 *
 * const error = new RESPError("WRONGTYPE", "Operation against a key of another type");
 * console.log(error.code, error.message);
 * ```
 */
export class RESPError extends Error {
  /** The error's name. */
  override readonly name = "RESPError";
  /** The code, such as `ERR`, `WRONGTYPE` or `MOVED`. */
  readonly code: string;

  /**
   * Creates an error.
   *
   * @param code The code, one word in upper case.
   * @param description The rest of the text.
   */
  constructor(code: string, description: string) {
    super(description === "" ? code : `${code} ${description}`);
    this.code = code;
  }
}

/** Returns the error of a received text. Its stack would be that of the decoder, so it has none. */
export function respErrorOf(text: string): RESPError {
  const space = text.indexOf(" ");
  const code = space < 0 ? text : text.slice(0, space);
  const error = new RESPError(code, space < 0 ? "" : text.slice(space + 1));
  error.stack = `${error}`;
  return error;
}

/** A verbatim string of RESP3: text to show as it is, such as the reply to `INFO`. */
export class VerbatimString {
  /** The format: three characters, such as `txt` for text, or `mkd` for Markdown. */
  readonly format: string;
  /** The bytes of the text. */
  readonly bytes: Uint8Array;

  /**
   * Creates a verbatim string.
   *
   * @param format The format: three ASCII characters.
   * @param bytes The bytes of the text.
   * @throws {RangeError} when the format does not have three ASCII characters.
   */
  constructor(format: string, bytes: Uint8Array) {
    if (!/^[\x20-\x7e]{3}$/.test(format)) {
      throw new RangeError(
        `Cannot create a verbatim string of the format ${JSON.stringify(format)}: ` +
          "a format has three ASCII characters",
      );
    }
    this.format = format;
    this.bytes = bytes;
  }

  /** Returns the text. Bytes that are not UTF-8 become U+FFFD. */
  toString(): string {
    return textOfBytes(this.bytes, 0, this.bytes.length);
  }
}

/** A value inside of an aggregate, with the attributes that were sent before it. */
export class AttributedValue {
  /** The value. */
  readonly value: RESPValue;
  /** The attributes. */
  readonly attributes: RESPMap;

  /**
   * Creates a value with attributes.
   *
   * @param value The value.
   * @param attributes The attributes.
   */
  constructor(value: RESPValue, attributes: RESPMap) {
    this.value = value;
    this.attributes = attributes;
  }
}
