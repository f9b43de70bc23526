/**
 * One request over the connection of a client service, with one deadline for connecting and for the
 * answer.
 *
 * @module
 */

import { cancelLogged } from "../../defer/cancel_all.ts";
import { CancelledError, type Deferred, TimeoutError } from "../../defer/mod.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import {
  abandonedRequest,
  isRequestFailure,
  RequestSendFailed,
} from "../../protocol/request_failures.ts";
import type { IDelayedCall, IReactorTime } from "../../reactor/interfaces/mod.ts";

/** Options of a request over the connection of a `ClientService`. */
export interface ClientRequestOptions {
  /**
   * Seconds until the request fails with a `RequestTimeout`, at least 0. The wait for a connection
   * and the wait for the answer both count.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
  /**
   * Ends the wait for a connection, or abandons the request, when it aborts. The request fails with
   * a `RequestTimeout` if the signal is that of `AbortSignal.timeout()`, and else with a
   * `RequestCancelled`; both name the signal's reason.
   */
  signal?: AbortSignal | undefined;
  /**
   * The number of failed attempts to connect that fails the request, at least 1. `Infinity` waits
   * as long as the service runs.
   *
   * @default {Infinity}
   */
  failAfterFailures?: number | undefined;
}

/** The arguments of {@linkcode askWhenConnected}. */
interface Request<P, R> {
  /** Fires with the protocol. */
  readonly connected: Deferred<P>;
  /** Makes the request. */
  readonly ask: (protocol: P, options: { signal: AbortSignal }) => R | PromiseLike<R>;
  readonly options: ClientRequestOptions;
  readonly clock: Pick<IReactorTime, "callLater">;
  /** The name of the service, for messages. */
  readonly name: string;
}

/**
 * Makes a request as soon as there is a connection.
 *
 * @returns A Deferred of the answer. See `ClientService.request()`.
 */
export function askWhenConnected<P, R>(
  { connected, ask, options, clock, name }: Request<P, R>,
): Deferred<R> {
  const { timeout = Infinity, signal } = options;
  const ending = new AbortController();
  let isAsked = false;
  const answer: Deferred<R> = connected.addCallback((protocol) => {
    isAsked = true;
    return ask(protocol, { signal: ending.signal });
  });
  const timeOutRequest = (): void => {
    const what = isAsked ? "got no answer" : "did not connect";
    cancelLogged(answer, new TimeoutError(`${name} ${what} within ${timeout} s`));
  };
  const timer = timeout === Infinity ? null : clock.callLater(timeout, timeOutRequest);
  if (signal !== undefined) answer.addSignal(signal);
  return answer.addCallbacks(
    (result) => {
      stop(timer);
      return result;
    },
    (error): never => {
      stop(timer);
      const failure = failureOf(error, isAsked);
      // An async function continues until it notices the signal.
      ending.abort(failure);
      throw failure;
    },
  );
}

function stop(timer: IDelayedCall | null): void {
  if (timer?.active()) timer.cancel();
}

/**
 * Returns the failure of a request for the error of its Deferred.
 *
 * @param error The error.
 * @param isAsked Whether the function that makes the request has been called.
 */
function failureOf(error: Error, isAsked: boolean): Error {
  const isCancelled = isInstance(error, CancelledError);
  if (isAsked) {
    if (isRequestFailure(error)) return error;
    // A function that has been called, and is not known to have sent nothing, may have sent.
    return isCancelled ? abandonedRequest(error, true) : error;
  }
  // The `sent` of a request that prepareConnection has made says nothing about this request.
  const isAbandoned = !isRequestFailure(error) &&
    (isCancelled || isInstance(error, TimeoutError));
  return isAbandoned ? abandonedRequest(error, false) : new RequestSendFailed(error);
}
