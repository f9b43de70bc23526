/** Whether a value is a Deferred or promise of any make, and so is to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || typeof value !== "object" && typeof value !== "function") return false;
  return "then" in value && typeof value.then === "function";
}
