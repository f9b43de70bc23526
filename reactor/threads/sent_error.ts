/**
 * Errors on their way from one thread to another.
 *
 * A structured clone of an Error forgets its properties, and its name unless that is a built-in one. So an error travels as plain data.
 *
 * @module
 */

import { NonErrorThrown } from "../../defer/errors.ts";
import { quote } from "../validation.ts";

/** An error as plain data. */
export interface SentError {
  /** The built-in class that is closest to it. */
  kind: string;
  /** Its properties, its own or not: name, message, stack, and what else it has that can be sent. */
  properties: SentProperty[];
}

/** A property of an error as plain data. */
export interface SentProperty {
  /** Its name. */
  key: string;
  /** Whether it is listed. */
  enumerable: boolean;
  /** What it is, or what was made of it. */
  value: unknown;
  /** How an error in the value is to be read: the value is one, is a list in which some are, or has none. */
  holds: "error" | "list" | "data";
}

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
export function packError(thrown: unknown): SentError {
  return pack(asFailure(thrown), new Map());
}

/**
 * Makes the error again: of the same built-in class, with the same name, message, stack, cause and other properties.
 *
 * A class of the user's own has no meaning outside its thread: its errors become those of the built-in class that it extends, and keep
 * their name.
 */
export function unpackError(sent: SentError): Error {
  return unpack(sent, new Map());
}

/** What a Deferred does with what is thrown and is no Error. */
function asFailure(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new NonErrorThrown(`Not an Error was thrown: ${quote(thrown)}`, { cause: thrown });
}

function pack(error: Error, sent: Map<Error, SentError>): SentError {
  const known = sent.get(error);
  if (known !== undefined) return known;
  const made: SentError = { kind: kindOf(error), properties: [] };
  sent.set(error, made);
  const put = (key: string, value: unknown, enumerable: boolean): void => {
    const packed = packValue(value, sent);
    if (packed !== null) made.properties.push({ key, enumerable, ...packed });
  };
  // A name or message may live in the class, and a DOMException's do in getters.
  put("name", error.name, false);
  put("message", error.message, false);
  put("stack", error.stack, false);
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (key === "name" || key === "message" || key === "stack" || !("value" in descriptor)) {
      continue;
    }
    put(key, descriptor.value, descriptor.enumerable ?? false);
  }
  return made;
}

/** Gives null for what cannot be sent. */
function packValue(
  value: unknown,
  sent: Map<Error, SentError>,
): Pick<SentProperty, "value" | "holds"> | null {
  if (value instanceof Error) return { value: pack(value, sent), holds: "error" };
  if (Array.isArray(value) && value.some((each) => each instanceof Error)) {
    const items = value.map((each) => packValue(each, sent));
    return { value: items.filter((item) => item !== null), holds: "list" };
  }
  return isSendable(value) ? { value, holds: "data" } : null;
}

function isSendable(value: unknown): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object") return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    // Whatever stands in the way, a getter's own error included: the property stays behind, and the error arrives without it.
    return false;
  }
}

function kindOf(error: Error): string {
  for (let proto = Object.getPrototypeOf(error); proto !== null;) {
    const name: unknown = proto.constructor?.name;
    if (typeof name === "string" && Object.hasOwn(MAKE, name)) return name;
    proto = Object.getPrototypeOf(proto);
  }
  return "Error";
}

function unpack(sent: SentError, made: Map<SentError, Error>): Error {
  const known = made.get(sent);
  if (known !== undefined) return known;
  const error = (MAKE[sent.kind] ?? (() => new Error()))();
  made.set(sent, error);
  for (const { key, enumerable, ...packed } of sent.properties) {
    const value = unpackValue(packed, made);
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  }
  return error;
}

function unpackValue(
  { value, holds }: Pick<SentProperty, "value" | "holds">,
  made: Map<SentError, Error>,
): unknown {
  // `holds` says what packValue() made of it.
  if (holds === "error") return unpack(value as SentError, made);
  if (holds === "list") {
    return (value as Pick<SentProperty, "value" | "holds">[]).map((item) =>
      unpackValue(item, made)
    );
  }
  return value;
}
