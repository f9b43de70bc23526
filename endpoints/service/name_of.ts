import { atOnce, classNameOf, logUserError } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/**
 * Returns an endpoint or a service for the log: where it leads or listens, or its name, if it can say so, else its class. An error of its
 * `toString()` is logged.
 */
export function nameOf(named: object): string {
  if (named.toString === Object.prototype.toString) return classNameOf(named);
  const why = `While calling toString of ${classNameOf(named)}`;
  try {
    const name: unknown = atOnce("toString()", named.toString(), why);
    if (typeof name === "string") return name;
    throw new TypeError(`toString() must return a string, got ${quote(name)}`);
  } catch (error) {
    logUserError(error, why);
    return classNameOf(named);
  }
}
