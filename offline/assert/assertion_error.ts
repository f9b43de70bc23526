/**
 * What every failed assertion throws. `node:assert` has a class of this name with another
 * constructor.
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * Throws an {@linkcode AssertionError} that says `what` happened and, where given, what it means.
 */
export function failWith(what: string, msg?: string): never {
  throw new AssertionError(msg ? `${what}: ${msg}` : `${what}.`);
}
