import {
  type PendingRequest,
  PendingRequests,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "./pending_requests.ts";

/** How requests are bounded and named. */
export interface KeyedRequestQueueOptions<Id> extends RequestQueueOptions {
  /**
   * Makes a name for a request: one that no other request has that is with the peer.
   *
   * @default numbers from 1
   */
  newId: () => Id;
}

/**
 * Requests whose answers come in any order, each with the name of its request, as in JSON-RPC, NATS or MQTT. For a protocol's inside: the
 * protocol sends what it is told to, and hands over each answer that comes.
 *
 * A request that is given up, by its `Deferred`, an `AbortSignal` or a timeout, keeps its name until its answer comes, which is dropped then:
 * without that, a late answer could not be told from one that nobody asked for. It also keeps its place among `maxInFlight`.
 *
 * Else it is as {@linkcode RequestQueue}.
 *
 * @typeParam Req What is asked.
 * @typeParam Res What is answered.
 * @typeParam Id What names a request.
 *
 * @example
 * ```ts
 * import { type Deferred, KeyedRequestQueue, LineReceiver } from "@torsion/reactor";
 *
 * class Client extends LineReceiver {
 *   readonly #calls = new KeyedRequestQueue<string, unknown>((id, method) =>
 *     this.sendLine(JSON.stringify({ jsonrpc: "2.0", id, method }))
 *   );
 *
 *   call(method: string): Deferred<unknown> {
 *     return this.#calls.request(method);
 *   }
 *
 *   override textReceived(line: string) {
 *     const { id, result, error } = JSON.parse(line);
 *     if (error) this.#calls.fail(id, new Error(error.message));
 *     else this.#calls.answer(id, result);
 *   }
 *
 *   override connectionLost(reason: Error) {
 *     this.#calls.connectionLost(reason);
 *   }
 * }
 * ```
 */
export class KeyedRequestQueue<Req, Res, Id = number> extends PendingRequests<Req, Res> {
  readonly #send: (id: Id, request: Req) => unknown;
  readonly #newId: () => Id;
  readonly #inFlight = new Map<Id, PendingRequest<Req, Res>>();

  /**
   * Makes an empty queue.
   *
   * @param send Sends a request under its name. What it throws is that request's failure.
   * @param options How requests are bounded and named. Names that are no numbers need `newId`.
   * @throws {RangeError | TypeError} when an option is out of range, or a timeout has no clock.
   */
  constructor(
    send: (id: Id, request: Req) => unknown,
    ...[options]: number extends Id
      ? [options?: RequestQueueOptions & Partial<KeyedRequestQueueOptions<Id>>]
      : [options: KeyedRequestQueueOptions<Id>]
  ) {
    super(options ?? {});
    this.#send = send;
    let last = 0;
    // Left out only where a number is an Id, which the types of the options see to.
    this.#newId = options?.newId ?? (() => ++last as Id);
  }

  /** How many requests are with the peer. Those that nobody waits for any more are among them, until they are answered. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /**
   * The answer to a request came.
   *
   * @throws {UnexpectedAnswer} when no request of that name is with the peer. Out of `dataReceived` it loses the connection, as it should.
   */
  answer(id: Id, answer: Res): void {
    this.settle(this.#take(id), { answer });
  }

  /**
   * The peer says that a request failed.
   *
   * @throws {UnexpectedAnswer} when no request of that name is with the peer.
   */
  fail(id: Id, error: Error): void {
    this.settle(this.#take(id), { error });
  }

  /** Sends a request, and notes it as being with the peer. */
  protected send(pending: PendingRequest<Req, Res>): void {
    const id = this.#newId();
    if (this.#inFlight.has(id)) {
      throw new RangeError(
        `Cannot name a request ${String(id)}: another of that name is with the peer`,
      );
    }
    this.#send(id, pending.request);
    this.#inFlight.set(id, pending);
  }

  /** All that are with the peer; they are so no more. */
  protected takeInFlight(): PendingRequest<Req, Res>[] {
    const all = [...this.#inFlight.values()];
    this.#inFlight.clear();
    return all;
  }

  #take(id: Id): PendingRequest<Req, Res> {
    const pending = this.#inFlight.get(id);
    if (pending === undefined) {
      throw new UnexpectedAnswer(
        `Cannot take an answer to ${String(id)}: no such request is with the peer`,
      );
    }
    this.#inFlight.delete(id);
    return pending;
  }
}
