import { abortedError } from "../defer/aborted_error.ts";
import { CancelledError, isTimeout, TimeoutError } from "../defer/mod.ts";
import { codeOf, isInstance, messageOf } from "../internal/foreign_value.ts";
import { ConnectionClosed } from "../reactor/errors.ts";

/**
 * The failure of a request that was not answered. It says whether the request had been sent. The
 * error with which a peer answers is not such a failure, because that request was answered.
 */
export interface RequestFailure extends Error {
  /**
   * Whether the request had been passed to the connection. If so, the peer may have received it,
   * and may have done what it asks for. If not, it is safe to make the request again.
   */
  readonly sent: boolean;
}

/** Details of the failure of a request. */
export interface RequestFailureDetails {
  /** Whether the request had been passed to the connection. */
  sent: boolean;
  /** The error that led to the failure. */
  cause?: unknown;
}

/**
 * The failure of a request that was not answered in time, or was abandoned by a signal of
 * `AbortSignal.timeout()`.
 */
export class RequestTimeout extends TimeoutError implements RequestFailure {
  static {
    this.prototype.name = "RequestTimeout";
  }

  /** Whether the request had been passed to the connection. */
  readonly sent: boolean;

  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details Whether the request had been sent, and the cause.
   */
  constructor(message: string, details: RequestFailureDetails) {
    super(message, optionsOf(details));
    this.sent = details.sent;
  }
}

/** The failure of a request that was cancelled, by its Deferred or its `AbortSignal`. */
export class RequestCancelled extends CancelledError implements RequestFailure {
  static {
    this.prototype.name = "RequestCancelled";
  }

  /** Whether the request had been passed to the connection. */
  readonly sent: boolean;

  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details Whether the request had been sent, and the cause.
   */
  constructor(message: string, details: RequestFailureDetails) {
    super(message, optionsOf(details));
    this.sent = details.sent;
  }
}

/**
 * The failure of a request whose connection was lost before the answer arrived. The `cause` is the
 * reason of the loss, the same object for all requests of the connection; the `code` and the
 * `address` are those of the reason.
 */
export class RequestLost extends ConnectionClosed implements RequestFailure {
  /** Whether the request had been passed to the connection. */
  readonly sent: boolean;

  /**
   * Creates the error.
   *
   * @param reason The reason of the loss.
   * @param sent Whether the request had been passed to the connection.
   */
  constructor(reason: Error, sent: boolean) {
    const lost = `The connection was lost before the request was ${sent ? "answered" : "sent"}`;
    const isKnown = isInstance(reason, ConnectionClosed);
    super(`${lost}: ${messageOf(reason)}`, {
      code: codeOf(reason),
      syscall: isKnown ? reason.syscall : undefined,
      address: isKnown ? reason.address : undefined,
      cause: reason,
    });
    this.sent = sent;
  }
}

/**
 * The failure of a request that could not be sent. The `cause` is the reason: the error that `send`
 * or the clock of the queue has thrown, or the error of an attempt to connect.
 */
export class RequestSendFailed extends Error implements RequestFailure {
  static {
    this.prototype.name = "RequestSendFailed";
  }

  /** Always `false`: the request was not sent. */
  readonly sent = false;

  /**
   * Creates the error.
   *
   * @param reason Why the request could not be sent.
   */
  constructor(reason: Error) {
    super(`Cannot send the request: ${messageOf(reason)}`, { cause: reason });
  }
}

/**
 * The failure of a request that was made while as many requests waited as `maxWaiting` or
 * `maxWaitingBytes` allows.
 */
export class RequestQueueFull extends Error implements RequestFailure {
  static {
    this.prototype.name = "RequestQueueFull";
  }

  /** Always `false`: the request was not sent. */
  readonly sent = false;
}

/** The classes of failures. */
const FAILURES = [
  RequestTimeout,
  RequestCancelled,
  RequestLost,
  RequestSendFailed,
  RequestQueueFull,
];

/**
 * Reports whether an error is the failure of a request that was not answered. Its `sent` says
 * whether the request had been sent.
 *
 * @param error Any value.
 * @returns `true` for {@linkcode RequestTimeout}, {@linkcode RequestCancelled},
 *   {@linkcode RequestLost}, {@linkcode RequestSendFailed} and {@linkcode RequestQueueFull};
 *   `false` for anything else, such as an error with which the peer has answered.
 *
 * @example Makes a request again if the peer cannot have received it
 * ```ts
 * import type { Deferred } from "@torsion/reactor";
 * import { isRequestFailure } from "@torsion/reactor/protocol";
 *
 * async function twice(ask: () => Deferred<string>): Promise<string> {
 *   try {
 *     return await ask();
 *   } catch (error) {
 *     if (!isRequestFailure(error) || error.sent) throw error;
 *     return await ask();
 *   }
 * }
 * ```
 */
export function isRequestFailure(error: unknown): error is RequestFailure {
  return FAILURES.some((each) => isInstance(error, each));
}

/**
 * Returns the failure of a request that was abandoned.
 *
 * @param error The failure of its Deferred: a `TimeoutError`, or a `CancelledError` whose cause may
 *   be a timeout.
 * @param sent Whether the request had been passed to the connection.
 */
export function abandonedRequest(error: Error, sent: boolean): RequestTimeout | RequestCancelled {
  const { message, cause } = error;
  if (isTimeout(error)) return new RequestTimeout(message, { sent, cause });
  if (isTimeout(cause)) return new RequestTimeout(messageOf(cause), { sent, cause });
  return new RequestCancelled(message, { sent, cause });
}

/** Returns the failure of a request whose signal had aborted before the request was made. */
export function abortedRequest(signal: AbortSignal): RequestTimeout | RequestCancelled {
  return abandonedRequest(abortedError(new CancelledError(), signal.reason), false);
}

function optionsOf({ cause }: RequestFailureDetails): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}
