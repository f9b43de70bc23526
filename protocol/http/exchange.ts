import type { BodySender } from "./body_sender.ts";
import type { HTTPSyntaxError } from "./http_syntax_error.ts";
import type { LazyRequest } from "./lazy_request.ts";
import type { RequestHead } from "./request_head.ts";
import type { HTTPRequestInfo } from "./request_info.ts";

/** A request that is being handled. */
export interface Exchange {
  /** Its head. */
  readonly head: RequestHead;
  /** The first argument of the handler. */
  readonly request: LazyRequest & Request;
  /** The second argument of the handler. */
  readonly info: HTTPRequestInfo;
  /** The error of the body, if it has failed. */
  bodyError: HTTPSyntaxError | null;
  /** The reason with which the signal was aborted, if it was. */
  abortReason: Error | null;
  /** Sends the body of the response, if that is a stream. */
  sender: BodySender | null;
  /** Whether the head of the response was written. */
  isAnswered: boolean;
  /** Whether the connection closes after the response. */
  isLast: boolean;
}

/** Returns the end of a response's head. */
export function connectionField({ isLast, head }: Exchange): string {
  if (isLast) return "connection: close\r\n\r\n";
  return head.minorVersion === 1 ? "\r\n" : "connection: keep-alive\r\n\r\n";
}

/** Returns whether a handler has failed only because of what its client did. */
export function isOfClient({ bodyError, abortReason }: Exchange, error: unknown): boolean {
  return error !== null && (error === bodyError || error === abortReason);
}

/** Returns a request for the log. A query may contain secrets, so it is left out. */
export function nameOf({ method, target }: RequestHead): string {
  const path = target.replace(/\?.*/, "");
  return `${method.slice(0, 20)} ${path.length > 200 ? `${path.slice(0, 200)}…` : path}`;
}
