import { inspect, isError, isInstance, messageOf, textOf } from "../internal/foreign_value.ts";
import { isShortage } from "./shortage.ts";

/**
 * The greatest number of errors shown. Further causes help no reader, and there may be endlessly
 * many.
 */
const MAX_ERRORS = 100;

/** An error to show, and the text before it. */
interface Entry {
  readonly value: unknown;
  readonly prefix: string;
}

/**
 * Returns the text of an error for a person to read: its stack, then the stack of each cause after
 * `Caused by: `, and the stacks of an `AggregateError`'s errors.
 *
 * Never throws, and reads at most 100 errors.
 */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  // A stack of pending errors instead of recursion, so that any depth of causes is possible. The
  // last entry in the list is formatted next.
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

/** Returns the errors that an error refers to, in reverse order. */
function within(error: Error): Entry[] {
  const entries: Entry[] = [];
  try {
    const { cause } = error;
    if (cause !== undefined) entries.push({ value: cause, prefix: "Caused by: " });
  } catch (thrown) {
    // The getter of `cause` threw: the text says so in place of the cause. The error's own message
    // comes before this line, so the reader knows which error has the unreadable cause.
    entries.push({ value: `(unreadable cause: ${messageOf(thrown)})`, prefix: "Caused by: " });
  }
  return [...entries, ...errorsOf(error).reverse()];
}

function errorsOf(error: Error): Entry[] {
  if (!isInstance(error, AggregateError)) return [];
  try {
    const { errors } = error;
    if (!Array.isArray(errors)) return [];
    // The array is read by index, because an application may have given it a custom iterator.
    return Array.from({ length: Math.min(errors.length, MAX_ERRORS + 1) }, (_, index) => ({
      value: errors[index],
      prefix: "",
    }));
  } catch (thrown) {
    return [{ value: `(unreadable errors: ${messageOf(thrown)})`, prefix: "" }];
  }
}

/**
 * Returns the stack with the error's present name and message. A stack contains the name and
 * message from the time when it was made.
 */
function stackOf(error: Error): string {
  const title = titleOf(error);
  try {
    // A shortage of descriptors or memory is described without a stack. Formatting a stack would
    // itself need descriptors and memory, and the stack does not help to find the cause.
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

/** Returns the error's name and message. Either of them may be unreadable. */
function titleOf(error: Error): string {
  try {
    return String(error);
  } catch {
    let name = "Error";
    try {
      name = textOf(error.name);
    } catch {
      // The error's `name` cannot be read, so the default name remains. The message may still
      // explain the failure.
    }
    return `${name}: ${messageOf(error)}`;
  }
}
