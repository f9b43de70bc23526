import { CancelledError, type Deferred, TimeoutError } from "../../defer/mod.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import type { IReactorTime } from "../../reactor/interfaces/mod.ts";
import type { RequestOptions } from "../pending_requests.ts";
import { abandonedRequest } from "../request_failures.ts";

/** How long to wait for the server to confirm something. */
export interface ConfirmationLimits extends RequestOptions {
  readonly clock: Pick<IReactorTime, "callLater">;
  readonly timeout: number;
  /**
   * Returns why the command that the server is to confirm has not been sent, for a message; `null`
   * if the server may have received it.
   */
  readonly reasonNotSent: () => string | null;
}

/**
 * Cancels a Deferred when a timeout is over or a signal aborts. A Deferred that is cancelled, for
 * these reasons or by the caller, fails with a `RequestTimeout` or a `RequestCancelled`.
 *
 * @param confirmed Fires when the server confirms.
 * @param what What the server confirms, such as `the subscription to the channel "news"`.
 * @param limits The limits of the wait.
 * @returns The same Deferred.
 */
export function limitConfirmation<T>(
  confirmed: Deferred<T>,
  what: string,
  { clock, timeout, signal, reasonNotSent }: ConfirmationLimits,
): Deferred<T> {
  let isAbandoned = false;
  confirmed.addErrback((error) => {
    isAbandoned = isInstance(error, CancelledError);
    throw error;
  });
  if (timeout !== Infinity) {
    confirmed.addTimeout(timeout, clock, () => {
      const reason = reasonNotSent();
      throw new TimeoutError(
        reason === null
          ? `The server did not confirm ${what} within ${timeout} s`
          : `Cannot send ${what} within ${timeout} s: ${reason}`,
      );
    });
  }
  if (signal !== undefined) confirmed.addSignal(signal);
  return confirmed.addErrback((error) => {
    throw isAbandoned ? abandonedRequest(error, reasonNotSent() === null) : error;
  });
}
