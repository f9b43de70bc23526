import { isInstance } from "../../internal/foreign_value.ts";

/**
 * Returns the body of a response that was made from a string or from bytes.
 *
 * To read such a body through its stream takes longer than everything else that a small response
 * needs, and the standard has no other way to learn its length: `bytes()` and `text()` treat such a
 * body like a stream, which they collect without a limit, and they delay each response to a later
 * microtask. Deno keeps such a body as it is, in a property with a symbol as its key. Where that
 * property is missing or has another form, the caller reads the stream instead.
 *
 * @param response The response. Its body counts as used afterwards, if it is returned.
 * @returns The body; `null` if the response has none; `undefined` if it must be read as a stream.
 */
export function takeStaticBody(response: Response): string | Uint8Array | null | undefined {
  if (bodyKey === undefined) return undefined;
  // The cast only gives the unknown property a type: it is checked below.
  const inner = (response as unknown as Record<symbol, unknown>)[bodyKey];
  if (inner === null) return null;
  if (typeof inner !== "object" || !("streamOrStatic" in inner)) return undefined;
  const content = inner.streamOrStatic;
  if (typeof content !== "object" || content === null || !("consumed" in content)) return undefined;
  if (content.consumed !== false || !("body" in content)) return undefined;
  const { body } = content;
  if (typeof body !== "string" && !isInstance(body, Uint8Array)) return undefined;
  content.consumed = true;
  return body;
}

/** The key under which Deno keeps the body of a response. */
const bodyKey = Reflect.ownKeys(Response.prototype).find((key) =>
  typeof key === "symbol" && key.description === "body"
) as symbol | undefined;
