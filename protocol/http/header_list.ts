/** A field of a response: its name and its value. */
export type HeaderEntry = readonly [name: string, value: string];

/**
 * Returns the fields of a `Headers` object in the order in which they were added, without a copy.
 *
 * The iterators of `Headers` sort and join the fields, which takes longer than to compare them with
 * those of the last response. Deno keeps them in a property with a symbol as its key. Where that
 * property is missing or has another form, the caller iterates.
 *
 * @param headers The fields.
 * @returns The fields, which must not be changed; `null` if the object must be iterated.
 */
export function headerListOf(headers: Headers): readonly HeaderEntry[] | null {
  if (listKey === undefined) return null;
  // The cast only gives the unknown property a type: it is checked below.
  const list = (headers as unknown as Record<symbol, unknown>)[listKey];
  return Array.isArray(list) ? list : null;
}

/** The key under which Deno keeps the fields. */
const listKey = Reflect.ownKeys(new Headers()).find((key) =>
  typeof key === "symbol" && key.description === "header list"
) as symbol | undefined;
