import { textOf } from "../internal/foreign_value.ts";
import { Fifo } from "../defer/fifo.ts";
import { checkFunction } from "../internal/validation.ts";
import {
  type PendingRequest,
  PendingRequests,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "./pending_requests.ts";

/**
 * Requests whose answers arrive in the order of the requests, as in Redis, SMTP, or HTTP/1.1. A
 * protocol owns the queue: the queue calls the protocol to send a request, and the protocol passes
 * each answer to the queue.
 *
 * A request is abandoned when its Deferred is cancelled, its `AbortSignal` aborts, or it times out.
 * It keeps its place in the order, so that its answer is dropped when it arrives, and later
 * requests get their own answers. It also keeps counting towards `maxInFlight`: once a peer has
 * left that many unanswered, no more are sent to it, and later requests time out. Use a
 * {@linkcode Heartbeat} to close such a connection, and the option `maxTimeouts` if the peer also
 * sends other data than answers. The PING of a heartbeat is sent as a request; the example of
 * {@linkcode Heartbeat} combines the two.
 *
 * A queue belongs to one connection. It does not send a request again on the next connection,
 * because only the caller knows whether that is safe: the `sent` of a {@linkcode RequestFailure}
 * says whether the peer may have received the request. `ClientService.request()` waits for a
 * connection and makes a request within one deadline. Twisted has no such class; each client writes
 * its own.
 *
 * @typeParam Req The requests.
 * @typeParam Res The answers.
 *
 * @example
 * ```ts
 * import { type Deferred, type IReactorTime, LineReceiver, RequestQueue } from "@torsion/reactor";
 *
 * class Client extends LineReceiver {
 *   readonly #requests: RequestQueue<string, string>;
 *
 *   constructor(clock: IReactorTime) {
 *     super();
 *     this.#requests = new RequestQueue((line) => this.sendLine(line), { clock, timeout: 5 });
 *   }
 *
 *   ask(question: string): Deferred<string> {
 *     return this.#requests.request(question);
 *   }
 *
 *   override textReceived(line: string) {
 *     if (line.startsWith("-")) this.#requests.fail(new Error(line.slice(1)));
 *     else this.#requests.answer(line);
 *   }
 *
 *   override connectionLost(reason: Error) {
 *     this.#requests.connectionLost(reason);
 *   }
 * }
 * ```
 */
export class RequestQueue<Req, Res> extends PendingRequests<Req, Res> {
  readonly #send: (request: Req) => unknown;
  readonly #inFlight = new Fifo<PendingRequest<Req, Res>>();

  /**
   * Creates an empty queue.
   *
   * @param send Sends a request. If it throws, or rejects its promise, it must not have sent
   *   anything: the request fails with {@linkcode RequestSendFailed}, whose cause is the error.
   * @param options The limits.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when there is a `timeout` but no `clock`, or `send` is not a function.
   */
  constructor(send: (request: Req) => unknown, options: RequestQueueOptions = {}) {
    super(options);
    checkFunction("RequestQueue() send", send);
    this.#send = send;
  }

  /** The number of requests that have been sent and not answered, abandoned ones included. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /**
   * The oldest request in flight, to which the next answer belongs; `undefined` if there is none. A
   * protocol reads it when the form of an answer depends on the request.
   */
  get oldest(): Req | undefined {
    return this.#inFlight.first?.request;
  }

  /**
   * Fires the Deferred of the oldest request with its answer. The answer to an abandoned request is
   * dropped.
   *
   * @param answer The answer.
   * @throws {UnexpectedAnswer} when no request is in flight. Thrown in `dataReceived`, the error
   *   closes the connection, whose two sides no longer agree.
   */
  answer(answer: Res): void {
    this.settle(this.#oldest("an answer"), { answer });
  }

  /**
   * Fails the Deferred of the oldest request. Call it when the peer answers with an error.
   *
   * @param error The failure.
   * @throws {UnexpectedAnswer} when no request is in flight.
   */
  fail(error: Error): void {
    this.settle(this.#oldest(`the failure ${textOf(error)}`), { error });
  }

  /** Records a request as in flight, and sends it. */
  protected send(pending: PendingRequest<Req, Res>): unknown {
    this.#inFlight.push(pending);
    return this.#send(pending.request);
  }

  /** Removes a request that could not be sent. */
  protected forget(pending: PendingRequest<Req, Res>): void {
    this.#inFlight.remove(pending);
  }

  /** Whether the oldest request was abandoned: its answer must come first. */
  protected override get isHeldUp(): boolean {
    return this.#inFlight.first?.isAbandoned ?? false;
  }

  /** Removes all requests in flight, and returns them in order. */
  protected takeInFlight(): PendingRequest<Req, Res>[] {
    const all = this.#inFlight.list();
    while (this.#inFlight.length > 0) this.#inFlight.shift();
    return all;
  }

  #oldest(what: string): PendingRequest<Req, Res> {
    if (this.#inFlight.length > 0) return this.#inFlight.shift();
    throw new UnexpectedAnswer(`Cannot accept ${what}: no request is in flight`);
  }
}
