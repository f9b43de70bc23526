import { latin1 } from "../framing/byte_text.ts";

/** A field line of a head: its name as it was sent, and its value without outer whitespace. */
export type HTTPField = readonly [name: string, value: string];

/**
 * Returns the field lines of a head, in the order in which they were sent.
 *
 * @param bytes Memory that contains them.
 * @param start The index from which the positions are counted.
 * @param marks Four positions for each field: the start and the end of its name, and those of its
 *   value.
 */
export function fieldsIn(bytes: Uint8Array, start: number, marks: readonly number[]): HTTPField[] {
  const textAt = (mark: number): string => {
    const { [mark]: from = 0, [mark + 1]: to = 0 } = marks;
    return latin1(bytes, start + from, start + to);
  };
  const fields: HTTPField[] = [];
  for (let i = 0; i < marks.length; i += 4) fields.push([textAt(i), textAt(i + 2)]);
  return fields;
}

/** Returns field lines as `Headers`, which join the values of fields with one name. */
export function headersOf(fields: readonly HTTPField[]): Headers {
  // The cast is safe: Headers copies the pairs, and changes none of them.
  const headers = new Headers(fields as [string, string][]);
  // Headers joins values with a comma, but cookies need a semicolon (RFC 9113, section 8.2.3).
  const cookies = fields.filter(([name]) => name.length === 6 && name.toLowerCase() === "cookie");
  if (cookies.length > 1) headers.set("cookie", cookies.map(([, value]) => value).join("; "));
  return headers;
}
