import { classNameOf } from "../../defer/guarded_call.ts";
import { read, textOf } from "../../internal/foreign_value.ts";

/** Describes an open resource: by its own `toString()`, or else by the name of its class. */
export function descriptionOf(resource: object): string {
  return read(resource, "toString") === Object.prototype.toString
    ? classNameOf(resource)
    : textOf(resource);
}
