/**
 * Errors as plain data, to send them from one thread to another.
 *
 * A structured clone of an Error loses its properties, and its name unless that is a built-in one.
 *
 * @module
 */

import { NonErrorThrown } from "../../defer/errors.ts";
import { isError, quote } from "../../internal/foreign_value.ts";

/** The maximum number of errors sent for one error, its causes included. */
const MAX_ERRORS = 1000;

/**
 * An error as plain data: the error itself, then all errors reachable from it, which refer to each
 * other by index. A nested form could not be sent, because cloning a deep one overflows the stack.
 */
export type SerializedError = readonly PackedError[];

/** One error of the list. */
export interface PackedError {
  /** The nearest built-in class of the error. */
  kind: string;
  /** The error's name, message and stack, and its own properties that can be cloned. */
  properties: SerializedProperty[];
}

/** A property of an error as plain data. */
export interface SerializedProperty {
  /** The name of the property. */
  key: string;
  /** Whether the property is enumerable. */
  enumerable: boolean;
  /** The cloned value, an index into the list of errors, or a list of packed values. */
  value: unknown;
  /** The form of the value: the index of an error, a list that contains errors, or plain data. */
  holds: "error" | "list" | "data";
}

type PackedValue = Pick<SerializedProperty, "value" | "holds">;

const MAKE: ReadonlyMap<string, () => Error> = new Map([
  ["AggregateError", () => new AggregateError([])],
  ["DOMException", () => new DOMException()],
  ["EvalError", () => new EvalError()],
  ["RangeError", () => new RangeError()],
  ["ReferenceError", () => new ReferenceError()],
  ["SyntaxError", () => new SyntaxError()],
  ["TypeError", () => new TypeError()],
  ["URIError", () => new URIError()],
]);

/** Serializes a thrown value. Errors that are their own cause are supported. */
export function serializeError(thrown: unknown): SerializedError {
  return new Packing(asFailure(thrown)).packed;
}

/**
 * Restores an error of the same built-in class, with the same name, message, stack, cause and other
 * properties.
 *
 * An error of a class that the program defines becomes one of the nearest built-in class, with its
 * name kept. A malformed description becomes an error that reports it.
 */
export function deserializeError(sent: SerializedError): Error {
  try {
    return restore(sent);
  } catch (cause) {
    return new Error("Cannot restore an error from a thread: its description is malformed", {
      cause,
    });
  }
}

function restore(sent: SerializedError): Error {
  const errors = sent.map(({ kind }) => MAKE.get(kind)?.() ?? new Error());
  errors.forEach((error, index) => {
    for (const { key, enumerable, ...packed } of sent[index]?.properties ?? []) {
      const value = unpackValue(packed, errors);
      Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
    }
  });
  return errors[0] ?? new Error("Cannot restore an error from a thread: its description is empty");
}

/** Wraps a thrown value that is not an Error, as a Deferred does. */
function asFailure(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new NonErrorThrown(`A value that is not an Error was thrown: ${quote(thrown)}`, {
    cause: thrown,
  });
}

/**
 * Packs errors one after another in a loop, so that a deep chain of causes cannot overflow the
 * stack.
 */
class Packing {
  readonly packed: PackedError[] = [];
  /** The errors in the order of their indices. The last ones are not packed yet. */
  readonly #places = new Map<Error, number>();

  constructor(error: Error) {
    this.#placeOf(error);
    // While it packs an error, the loop may add further errors to the map, such as causes. It then
    // visits these as well.
    for (const each of this.#places.keys()) this.packed.push(this.#pack(each));
  }

  /** Returns the index of an error; null if there are too many errors. */
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
      const packed = this.#tryPack(get);
      if (packed !== null) made.properties.push({ key, enumerable, ...packed });
    };
    // These three are read like ordinary properties, because they may be inherited: a class may
    // define the name or message, and those of a DOMException are getters of its prototype.
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

  /** Returns the packed value; null if the value cannot be read or cloned. */
  #tryPack(get: () => unknown): PackedValue | null {
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
      const items = value.map((each) => this.#tryPack(() => each));
      return { value: items.filter((item) => item !== null), holds: "list" };
    }
    return dataOf(value);
  }
}

function descriptorsOf(error: Error): [string, PropertyDescriptor][] {
  try {
    return Object.entries(Object.getOwnPropertyDescriptors(error));
  } catch {
    // The error may be a Proxy whose traps throw. Its properties are then left out.
    return [];
  }
}

/**
 * Returns a copy of the value, because the original may change before it is sent; null if the value
 * cannot be cloned.
 */
function dataOf(value: unknown): PackedValue | null {
  if (typeof value === "function" || typeof value === "symbol") return null;
  try {
    return { value: structuredClone(value), holds: "data" };
  } catch {
    // The value cannot be cloned, or one of its getters throws. This property is left out of the
    // error.
    return null;
  }
}

function kindOf(error: Error): string {
  try {
    for (let proto = Object.getPrototypeOf(error); proto !== null;) {
      const name: unknown = proto.constructor?.name;
      if (typeof name === "string" && MAKE.has(name)) return name;
      proto = Object.getPrototypeOf(proto);
    }
  } catch {
    // The error's prototype chain contains a Proxy that throws, so its class cannot be found.
  }
  return "Error";
}

function unpackValue({ value, holds }: PackedValue, errors: readonly Error[]): unknown {
  // `holds` says which form #packValue() chose, so the casts below are safe.
  if (holds === "error") return errors[value as number];
  if (holds === "list") {
    return (value as PackedValue[]).map((item) => unpackValue(item, errors));
  }
  return value;
}
