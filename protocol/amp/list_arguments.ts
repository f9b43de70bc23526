/**
 * The types of arguments that are lists.
 *
 * @module
 */

import { messageOf } from "../../internal/foreign_value.ts";
import { encodeIntString, IntStringDecoder } from "../framing/int_string_decoder.ts";
import { AmpBox } from "./amp_box.ts";
import { Argument } from "./argument.ts";
import { parseString } from "./box_decoder.ts";
import { notA } from "./errors.ts";
import { type Received, type Schema, SchemaCodec, type Sendable } from "./schema.ts";
import { MAX_VALUE_LENGTH } from "./wire_names.ts";

/** The format of the length of an item. */
const LENGTH = { prefixLength: 2 };

/** Calls a function with each item of a list. An error names the item. */
function mapItems<T, R>(items: readonly T[], f: (item: T) => R): R[] {
  return items.map((item, index) => {
    try {
      return f(item);
    } catch (error) {
      throw new TypeError(`item ${index}: ${messageOf(error)}`, { cause: error });
    }
  });
}

function checkList(value: unknown): void {
  if (!Array.isArray(value)) throw notA("an array", value);
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

class ListOfArgument<T, I> extends Argument<T[], readonly I[]> {
  readonly #type: Argument<T, I>;

  constructor(type: Argument<T, I>) {
    super();
    if (!(type instanceof Argument)) throw notA("the type of the items, an Argument", type);
    this.#type = type;
  }

  override encode(value: readonly I[], protocol: object | null): Uint8Array {
    checkList(value);
    return join(
      mapItems(value, (item) => encodeIntString(this.#type.encode(item, protocol), LENGTH)),
    );
  }

  override decode(bytes: Uint8Array, protocol: object | null): T[] {
    return mapItems(stringsIn(bytes), (item) => this.#type.decode(item, protocol));
  }
}

/** Returns the strings in a list, each of which has its length in front. */
function stringsIn(bytes: Uint8Array): Uint8Array[] {
  const decoder = new IntStringDecoder({ ...LENGTH, maxLength: MAX_VALUE_LENGTH });
  decoder.push(bytes);
  const strings: Uint8Array[] = [];
  for (let next = decoder.next(); next !== null; next = decoder.next()) strings.push(next);
  decoder.finish();
  return strings;
}

class AmpListArgument<S extends Schema> extends Argument<Received<S>[], readonly Sendable<S>[]> {
  readonly #codec: SchemaCodec<S>;

  constructor(schema: S) {
    super();
    this.#codec = new SchemaCodec(schema, "an AmpList");
  }

  override encode(value: readonly Sendable<S>[], protocol: object | null): Uint8Array {
    checkList(value);
    return join(mapItems(value, (item) => {
      if (item === null || typeof item !== "object") throw notA("an object", item);
      return this.#codec.encode(item, new AmpBox(), protocol).serialize();
    }));
  }

  override decode(bytes: Uint8Array, protocol: object | null): Received<S>[] {
    return mapItems(parseString(bytes), (box) => this.#codec.decode(box, protocol));
  }
}

/**
 * Returns the type of a list of values of one type. Twisted's `ListOf`. The whole list has at most
 * 65535 bytes, of which two are the length of each item.
 *
 * @param type The type of the items.
 * @returns The type of the list.
 * @throws {TypeError} when `type` is not an `Argument`.
 *
 * @example
 * ```ts
 * import { Command, Integer, ListOf } from "@torsion/reactor/amp";
 *
 * const Sum = new Command("Sum", {
 *   arguments: { numbers: ListOf(Integer) },
 *   response: { total: Integer },
 * });
 * console.log(Sum.makeArguments({ numbers: [3, 7, 9] }));
 * ```
 */
export function ListOf<T, I>(type: Argument<T, I>): Argument<T[], readonly I[]> {
  return new ListOfArgument(type);
}

/**
 * Returns the type of a list of objects, each of which has the arguments of a schema. Twisted's
 * `AmpList`. The whole list has at most 65535 bytes.
 *
 * @param schema The arguments of each object.
 * @returns The type of the list.
 * @throws {TypeError} when a type in `schema` is not an `Argument`.
 *
 * @example
 * ```ts
 * import { AmpList, Command, Integer, Unicode } from "@torsion/reactor/amp";
 *
 * const Users = new Command("Users", {
 *   response: { users: AmpList({ name: Unicode, age: Integer }) },
 * });
 * console.log(Users.makeResponse({ users: [{ name: "Ada", age: 36 }] }));
 * ```
 */
export function AmpList<S extends Schema>(
  schema: S,
): Argument<Received<S>[], readonly Sendable<S>[]> {
  return new AmpListArgument(schema);
}
