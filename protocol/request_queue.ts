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
 * Requests whose answers come in the order in which they were asked, as in Redis, SMTP, or HTTP/1.1. For a protocol's inside: the
 * protocol sends what it is told to, and hands over each answer that comes.
 *
 * A request that is given up, by its `Deferred`, an `AbortSignal` or a timeout, keeps its place in the order: its answer still comes, and is
 * dropped. So those behind it get their own. It also keeps its place among `maxInFlight`; when a peer leaves so many unanswered, nothing
 * more is sent to it, and what is asked times out. Losing such a connection is for a {@linkcode Heartbeat}, whose PING is a request, too: the
 * example there combines the two.
 *
 * A queue belongs to one connection. What is to be asked again on the next one, only its asker knows. Twisted has no such thing; each client
 * writes its own.
 *
 * @typeParam Req What is asked.
 * @typeParam Res What is answered.
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
   * Makes an empty queue.
   *
   * @param send Sends a request. What it throws, or rejects its promise with, is that request's failure.
   * @param options How requests are bounded.
   * @throws {RangeError | TypeError} when an option is out of range, or a timeout has no clock.
   */
  constructor(send: (request: Req) => unknown, options: RequestQueueOptions = {}) {
    super(options);
    checkFunction("RequestQueue() send", send);
    this.#send = send;
  }

  /** How many requests are with the peer. Those that nobody waits for any more are among them, until they are answered. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /**
   * An answer came: it is the oldest request's.
   *
   * @throws {UnexpectedAnswer} when nothing was asked. Out of `dataReceived` it loses the connection, as it should.
   */
  answer(answer: Res): void {
    this.settle(this.#oldest("an answer"), { answer });
  }

  /**
   * The peer says that the oldest request failed.
   *
   * @throws {UnexpectedAnswer} when nothing was asked.
   */
  fail(error: Error): void {
    this.settle(this.#oldest(`the failure ${textOf(error)}`), { error });
  }

  /** Notes a request as being with the peer, and sends it. */
  protected send(pending: PendingRequest<Req, Res>): unknown {
    this.#inFlight.push(pending);
    return this.#send(pending.request);
  }

  /** Takes a request that was not sent out of the order. */
  protected forget(pending: PendingRequest<Req, Res>): void {
    this.#inFlight.remove(pending);
  }

  /** All that are with the peer; they are so no more. */
  protected takeInFlight(): PendingRequest<Req, Res>[] {
    const all = this.#inFlight.list();
    while (this.#inFlight.length > 0) this.#inFlight.shift();
    return all;
  }

  #oldest(what: string): PendingRequest<Req, Res> {
    if (this.#inFlight.length > 0) return this.#inFlight.shift();
    throw new UnexpectedAnswer(`Cannot take ${what}: no request is with the peer`);
  }
}
