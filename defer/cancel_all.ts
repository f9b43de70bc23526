import { err } from "../log/mod.ts";
import type { Deferred } from "./deferred.ts";

/** Cancels each of them. An error of a canceller is logged: it must not spare the others. */
export function cancelAll(deferreds: Iterable<Deferred<unknown>>, reason?: unknown): void {
  for (const deferred of deferreds) cancelLogged(deferred, reason);
}

/** Cancels a Deferred that other code made. An error of its canceller is logged. */
export function cancelLogged(deferred: Deferred<unknown>, reason?: unknown): void {
  try {
    deferred.cancel(reason);
  } catch (error) {
    err(error, "Error in the canceller of a Deferred");
  }
}
