import { err } from "../log/mod.ts";
import type { Deferred } from "./deferred.ts";

/** Cancels each of them. An error out of a canceller is logged: it must not spare the others. */
export function cancelAll(deferreds: Iterable<Deferred<unknown>>, reason?: unknown): void {
  for (const deferred of deferreds) {
    try {
      deferred.cancel(reason);
    } catch (error) {
      err(error, "Error in the canceller of a Deferred");
    }
  }
}
