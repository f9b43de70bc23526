import { isThenable, logUserError } from "../../defer/guarded_call.ts";
import { follow, isInstance } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";

/**
 * The responses that handlers have not returned yet. At the deadline of a drain, they are answered
 * without their handlers.
 */
export class PendingResponses {
  readonly #pending = new Set<(response: Response) => void>();

  /** The number of requests whose handlers have not returned a response. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * Calls a handler.
   *
   * @param request The request.
   * @param handle Calls the handler.
   * @returns The response. It is 500 if the handler fails, which is logged.
   */
  answer(request: Request, handle: () => unknown): Response | Promise<Response> {
    let result: unknown;
    try {
      result = handle();
    } catch (error) {
      return failed(request, error);
    }
    if (!isThenable(result)) return responseOf(request, result);
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.#pending.add(resolve);
    const settle = (response: Response): void => {
      if (this.#pending.delete(resolve)) resolve(response);
      else cancelBody(response); // giveUp() has answered
    };
    follow(
      result,
      (response) => settle(responseOf(request, response)),
      (error) => settle(failed(request, error)),
    );
    return promise;
  }

  /** Answers all pending requests with 503. What their handlers return later is dropped. */
  giveUp(): void {
    for (const resolve of this.#pending) {
      resolve(new Response("Service Unavailable\n", { status: 503 }));
    }
    this.#pending.clear();
  }
}

/** Lets the source of a body that is not sent close what it has open. */
function cancelBody({ body }: Response): void {
  if (body === null || body.locked) return;
  body.cancel().catch(() => {
    // The source has refused to be cancelled. No one waits for it.
  });
}

function responseOf(request: Request, value: unknown): Response {
  if (isInstance(value, Response)) return value;
  return failed(request, new TypeError(`The handler must return a Response, got ${quote(value)}`));
}

/** Logs the error of a handler. The query is left out, because it may contain secrets. */
function failed({ method, url }: Request, error: unknown): Response {
  const path = URL.parse(url)?.pathname ?? "";
  logUserError(error, `Error while handling ${method} ${path}`);
  return new Response("Internal Server Error\n", { status: 500 });
}
