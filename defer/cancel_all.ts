import { err } from "../log/mod.ts";

/** What can be cancelled: a Deferred of any type. */
export interface Cancellable {
  /** Cancels it. */
  cancel(reason?: unknown): void;
}

/** Cancels each of them. An error of a canceller is logged: it must not spare the others. */
export function cancelAll(deferreds: Iterable<Cancellable>, reason?: unknown): void {
  for (const deferred of deferreds) cancelLogged(deferred, reason);
}

/** Cancels a Deferred that other code made. An error of its canceller is logged. */
export function cancelLogged(deferred: Cancellable, reason?: unknown): void {
  try {
    deferred.cancel(reason);
  } catch (error) {
    err(error, "Error in the canceller of a Deferred");
  }
}
