import { err } from "../log/mod.ts";

/** Something that can be cancelled, such as a Deferred of any type. */
export interface Cancellable {
  /** Cancels the operation. `reason` becomes the `cause` of the error. */
  cancel(reason?: unknown): void;
}

/**
 * Cancels every Deferred. An error of one canceller is logged, so that the remaining Deferreds are
 * cancelled too.
 */
export function cancelAll(deferreds: Iterable<Cancellable>, reason?: unknown): void {
  for (const deferred of deferreds) cancelLogged(deferred, reason);
}

/** Cancels a Deferred that other code has made, and logs an error of its canceller. */
export function cancelLogged(deferred: Cancellable, reason?: unknown): void {
  try {
    deferred.cancel(reason);
  } catch (error) {
    err(error, "Error in the canceller of a Deferred");
  }
}
