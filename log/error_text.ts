import { inspect, isError, isInstance, messageOf, textOf } from "../internal/foreign_value.ts";
import { isShortage } from "./shortage.ts";

/** How many errors are shown of one: more causes than this say nothing more, and may never end. */
const MAX_ERRORS = 100;

/** An error that is yet to be shown, and what is written in front of it. */
interface Entry {
  readonly value: unknown;
  readonly prefix: string;
}

/**
 * Returns the text of an error for a person to read: its stack, then those of its causes, each
 * behind `Caused by: `, and those of the errors that it puts together (`AggregateError`).
 *
 * It throws for no value, and looks at 100 errors at most.
 */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  // A stack, so that any depth will do: the entry that is shown next is the last.
  const entries: Entry[] = [{ value: error, prefix: "" }];
  for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
    if (parts.length === MAX_ERRORS) {
      parts.push(`(more causes than ${MAX_ERRORS} are not shown)`);
      break;
    }
    const { value, prefix } = entry;
    if (!isError(value)) {
      parts.push(prefix + inspect(value));
    } else if (seen.has(value)) {
      parts.push(`${prefix}${titleOf(value)} (shown above)`);
    } else {
      seen.add(value);
      parts.push(prefix + stackOf(value));
      entries.push(...within(value));
    }
  }
  return parts.join("\n");
}

/** What an error leads to, last first. */
function within(error: Error): Entry[] {
  const entries: Entry[] = [];
  try {
    const { cause } = error;
    if (cause !== undefined) entries.push({ value: cause, prefix: "Caused by: " });
  } catch (thrown) {
    // The error itself could be read, or this would not have been reached.
    entries.push({ value: `(unreadable: ${messageOf(thrown)})`, prefix: "Caused by: " });
  }
  return [...entries, ...errorsOf(error).reverse()];
}

function errorsOf(error: Error): Entry[] {
  if (!isInstance(error, AggregateError)) return [];
  try {
    const { errors } = error;
    if (!Array.isArray(errors)) return [];
    // By index, as an array may have an iterator of its own.
    return Array.from({ length: Math.min(errors.length, MAX_ERRORS + 1) }, (_, index) => ({
      value: errors[index],
      prefix: "",
    }));
  } catch (thrown) {
    return [{ value: `(unreadable errors: ${messageOf(thrown)})`, prefix: "" }];
  }
}

/**
 * Returns the stack under the name and message that the error has now. A stack keeps those which
 * the error had when it was first asked for.
 */
function stackOf(error: Error): string {
  const title = titleOf(error);
  try {
    // The stack adds nothing here, and formatting it takes descriptors and memory, of which none may
    // be left.
    if (isShortage(error)) return title;
    const { stack } = error;
    if (typeof stack !== "string" || stack === "") return title;
    if (stack.startsWith(title)) return stack;
    const frames = stack.indexOf("\n    at ");
    return frames === -1 ? title : title + stack.slice(frames);
  } catch (thrown) {
    return `${title}\n(unable to obtain the stack: ${messageOf(thrown)})`;
  }
}

/** Returns the error's name and message, of which one may be unreadable. */
function titleOf(error: Error): string {
  try {
    return String(error);
  } catch {
    let name = "Error";
    try {
      name = textOf(error.name);
    } catch {
      // The message may say enough.
    }
    return `${name}: ${messageOf(error)}`;
  }
}
