/**
 * The text of an error for a person to read: its stack, then those of its causes, each behind
 * `Caused by: `, and those of the errors that it puts together (`AggregateError`).
 */
export function errorText(error: unknown): string {
  return describe(error, new Set());
}

function describe(error: unknown, seen: Set<unknown>): string {
  if (!(error instanceof Error)) return inspect(error);
  if (seen.has(error)) return `${String(error)} (shown above)`;
  seen.add(error);
  let text = stackOf(error);
  if (error instanceof AggregateError) {
    for (const each of error.errors) text += `\n${describe(each, seen)}`;
  }
  if (error.cause !== undefined) text += `\nCaused by: ${describe(error.cause, seen)}`;
  return text;
}

/**
 * The stack under the name and message that the error has now. A stack keeps those which the error
 * had when it was first asked for.
 */
function stackOf(error: Error): string {
  const title = String(error);
  const { stack } = error;
  if (stack === undefined || stack === "") return title;
  if (stack.startsWith(title)) return stack;
  const frames = stack.indexOf("\n    at ");
  return frames === -1 ? title : title + stack.slice(frames);
}

/** What a thrown value looks like that is no error. */
export function inspect(value: unknown): string {
  return Deno.inspect(value, { depth: 2, strAbbreviateSize: 1000 });
}
