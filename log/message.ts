import { copyFields, type LogFields } from "./event.ts";
import { inspect, read, textOf } from "../internal/foreign_value.ts";

/** The arguments of `msg()`: the parts of the text, and the fields. */
export interface Message {
  readonly parts: readonly unknown[];
  readonly fields: LogFields | undefined;
}

/**
 * Divides the arguments of `msg()`. An object literal at the end holds the fields of the event,
 * where Twisted has keyword arguments.
 */
export function parseMessage(args: readonly unknown[]): Message {
  const last = args.at(-1);
  const hasFields = args.length > 1 && (last === undefined || isLiteral(last));
  return {
    parts: hasFields ? args.slice(0, -1) : args,
    fields: hasFields && last !== undefined ? copyFields(last) : undefined,
  };
}

/** Joins the parts of a message with spaces, as Twisted does. */
export function joinParts(parts: readonly unknown[]): string {
  return parts.map(partText).join(" ");
}

function isLiteral(value: unknown): value is LogFields {
  if (typeof value !== "object" || value === null) return false;
  try {
    const prototype = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
  } catch {
    return false;
  }
}

function partText(part: unknown): string {
  if (typeof part === "function") return inspect(part);
  if (typeof part !== "object" || part === null || hasText(part)) return textOf(part);
  return inspect(part);
}

/** Reports whether an object has a `toString()` of its own. */
function hasText(value: object): boolean {
  const toString = read(value, "toString");
  return typeof toString === "function" && toString !== Object.prototype.toString &&
    toString !== Array.prototype.toString;
}
