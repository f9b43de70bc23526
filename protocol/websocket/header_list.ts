/** The maximum number of field lines in the head of a handshake. */
export const MAX_FIELDS = 100;

/** Returns the members of a comma-separated field, without empty ones. */
export function listOf(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? "").split(",").map((item) => item.trim()).filter(Boolean);
}

/** Returns whether a comma-separated field has a member, in any case. */
export function hasToken(headers: Headers, name: string, token: string): boolean {
  return listOf(headers, name).some((item) => item.toLowerCase() === token);
}
