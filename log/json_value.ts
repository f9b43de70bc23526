import { inspect, isError, read, textOf } from "../internal/foreign_value.ts";

/** A value that `JSON.stringify()` writes as it is. */
export type JSONValue =
  | string
  | number
  | boolean
  | null
  | readonly JSONValue[]
  | { readonly [key: string]: JSONValue };

/** The number of levels below which an object is written as its text. */
const MAX_DEPTH = 10;

/**
 * Converts any value for JSON. Never throws.
 *
 * Errors become their `name`, `message`, `stack`, further fields and `cause`; bytes become a text
 * with a character for each byte, as in Twisted; maps become objects and sets arrays; other values
 * that JSON does not have become their text. So does an object within itself.
 *
 * @param value The value.
 * @param path The objects that contain the value.
 */
export function jsonValue(value: unknown, path: readonly object[] = []): JSONValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object") return value === undefined ? null : textOf(value);
  if (path.includes(value)) return "(circular)";
  if (path.length === MAX_DEPTH) return inspect(value);
  try {
    return objectValue(value, [...path, value]);
  } catch {
    // A method or getter of the object has thrown.
    return inspect(value);
  }
}

function objectValue(value: object, path: readonly object[]): JSONValue {
  if (isError(value)) return errorValue(value, path);
  if (value instanceof Uint8Array) return Array.from(value, (b) => String.fromCharCode(b)).join("");
  if (Array.isArray(value) || value instanceof Set) {
    return Array.from(value, (item) => jsonValue(item, path));
  }
  if (value instanceof Map) {
    return fieldsOf([...value].map(([key, item]) => [textOf(key), item]), path);
  }
  const toJSON = read(value, "toJSON");
  if (typeof toJSON === "function") return jsonValue(toJSON.call(value), path);
  return fieldsOf(Object.keys(value).map((key) => [key, Reflect.get(value, key)]), path);
}

function errorValue(error: Error, path: readonly object[]): JSONValue {
  const names = new Set(["name", "message", "stack", ...Object.keys(error)]);
  if (read(error, "cause") !== undefined) names.add("cause");
  return fieldsOf([...names].map((name) => [name, read(error, name)]), path);
}

function fieldsOf(
  entries: readonly (readonly [string, unknown])[],
  path: readonly object[],
): JSONValue {
  const known = entries.filter(([, value]) => value !== undefined && typeof value !== "function");
  return Object.fromEntries(known.map(([key, value]) => [key, jsonValue(value, path)]));
}
