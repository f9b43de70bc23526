import { copyFields, type LogFields } from "./event.ts";
import { inspect, read, textOf } from "../internal/foreign_value.ts";

/** The arguments of `msg()`: the text and the fields. */
export interface Message {
  readonly text: string;
  readonly fields: LogFields | undefined;
}

/**
 * Joins the arguments of `msg()` with spaces, as Twisted does. An object literal at the end holds
 * the fields of the event, where Twisted has keyword arguments.
 */
export function parseMessage(args: readonly unknown[]): Message {
  const last = args.at(-1);
  const hasFields = args.length > 1 && (last === undefined || isLiteral(last));
  const parts = hasFields ? args.slice(0, -1) : args;
  return {
    text: parts.map(partText).join(" "),
    fields: hasFields && last !== undefined ? copyFields(last) : undefined,
  };
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
