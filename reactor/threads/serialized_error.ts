/**
 * Errors on their way from one thread to another.
 *
 * A structured clone of an Error forgets its properties, and its name unless that is a built-in one. So an error travels as plain data.
 *
 * @module
 */

import { NonErrorThrown } from "../../defer/errors.ts";
import { isError, quote } from "../../internal/foreign_value.ts";

/** How many errors of one are sent: more causes than this say nothing more. */
const MAX_ERRORS = 1000;

/**
 * An error as plain data: itself, then those that it leads to, which name each other by their
 * places in the list. A nested form could not be sent: a clone of it would overflow the stack.
 */
export type SerializedError = readonly PackedError[];

/** One of the errors. */
export interface PackedError {
  /** The built-in class that is closest to it. */
  kind: string;
  /** Its properties, its own or not: name, message, stack, and what else it has that can be sent. */
  properties: SerializedProperty[];
}

/** A property of an error as plain data. */
export interface SerializedProperty {
  /** Its name. */
  key: string;
  /** Whether it is listed. */
  enumerable: boolean;
  /** What it is, or what was made of it. */
  value: unknown;
  /** How the value is to be read: as the place of an error, as a list in which some are, or as it is. */
  holds: "error" | "list" | "data";
}

type PackedValue = Pick<SerializedProperty, "value" | "holds">;

const MAKE: Record<string, () => Error> = {
  AggregateError: () => new AggregateError([]),
  DOMException: () => new DOMException(),
  EvalError: () => new EvalError(),
  RangeError: () => new RangeError(),
  ReferenceError: () => new ReferenceError(),
  SyntaxError: () => new SyntaxError(),
  TypeError: () => new TypeError(),
  URIError: () => new URIError(),
};

/** Makes data of what was thrown. An error that is its own cause stays so. */
export function serializeError(thrown: unknown): SerializedError {
  return new Packing(asFailure(thrown)).packed;
}

/**
 * Makes the error again: of the same built-in class, with the same name, message, stack, cause and other properties.
 *
 * A class of the user's own has no meaning outside its thread: its errors become those of the built-in class that it extends, and keep
 * their name.
 */
export function deserializeError(sent: SerializedError): Error {
  const errors = sent.map(({ kind }) => (MAKE[kind] ?? (() => new Error()))());
  errors.forEach((error, index) => {
    for (const { key, enumerable, ...packed } of sent[index]?.properties ?? []) {
      const value = unpackValue(packed, errors);
      Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
    }
  });
  return errors[0] ?? new Error("An error without a description was sent");
}

/** What a Deferred does with what is thrown and is no Error. */
function asFailure(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new NonErrorThrown(`Not an Error was thrown: ${quote(thrown)}`, { cause: thrown });
}

/** Packs one error after the other, so that any depth will do. */
class Packing {
  readonly packed: PackedError[] = [];
  /** The errors in the order of their places. The last ones are yet to be packed. */
  readonly #places = new Map<Error, number>();

  constructor(error: Error) {
    this.#placeOf(error);
    // The loop comes to what is added on its way.
    for (const each of this.#places.keys()) this.packed.push(this.#pack(each));
  }

  /** Gives null when there are too many. */
  #placeOf(error: Error): number | null {
    const known = this.#places.get(error);
    if (known !== undefined) return known;
    const place = this.#places.size;
    if (place === MAX_ERRORS) return null;
    this.#places.set(error, place);
    return place;
  }

  #pack(error: Error): PackedError {
    const made: PackedError = { kind: kindOf(error), properties: [] };
    const put = (key: string, enumerable: boolean, get: () => unknown): void => {
      const packed = this.#packUnread(get);
      if (packed !== null) made.properties.push({ key, enumerable, ...packed });
    };
    // A name or message may live in the class, and a DOMException's do in getters.
    put("name", false, () => error.name);
    put("message", false, () => error.message);
    put("stack", false, () => error.stack);
    for (const [key, descriptor] of descriptorsOf(error)) {
      if (key === "name" || key === "message" || key === "stack" || !("value" in descriptor)) {
        continue;
      }
      put(key, descriptor.enumerable ?? false, () => descriptor.value);
    }
    return made;
  }

  /** Gives null for what cannot be read, and what cannot be sent. */
  #packUnread(get: () => unknown): PackedValue | null {
    try {
      return this.#packValue(get());
    } catch {
      return null;
    }
  }

  #packValue(value: unknown): PackedValue | null {
    if (isError(value)) {
      const place = this.#placeOf(value);
      return place === null ? null : { value: place, holds: "error" };
    }
    if (Array.isArray(value) && value.some(isError)) {
      const items = value.map((each) => this.#packUnread(() => each));
      return { value: items.filter((item) => item !== null), holds: "list" };
    }
    return dataOf(value);
  }
}

function descriptorsOf(error: Error): [string, PropertyDescriptor][] {
  try {
    return Object.entries(Object.getOwnPropertyDescriptors(error));
  } catch {
    // A proxy's traps may throw.
    return [];
  }
}

/** A copy: the original may be another the next time that it is looked at. */
function dataOf(value: unknown): PackedValue | null {
  if (typeof value === "function" || typeof value === "symbol") return null;
  try {
    return { value: structuredClone(value), holds: "data" };
  } catch {
    // Whatever stands in the way, a getter's own error included: the property stays behind, and
    // the error arrives without it.
    return null;
  }
}

function kindOf(error: Error): string {
  try {
    for (let proto = Object.getPrototypeOf(error); proto !== null;) {
      const name: unknown = proto.constructor?.name;
      if (typeof name === "string" && Object.hasOwn(MAKE, name)) return name;
      proto = Object.getPrototypeOf(proto);
    }
  } catch {
    // A proxy among its prototypes: nothing more is known.
  }
  return "Error";
}

function unpackValue({ value, holds }: PackedValue, errors: readonly Error[]): unknown {
  // `holds` says what Packing made of it.
  if (holds === "error") return errors[value as number];
  if (holds === "list") {
    return (value as PackedValue[]).map((item) => unpackValue(item, errors));
  }
  return value;
}
