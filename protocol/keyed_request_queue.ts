import { atOnce } from "../defer/guarded_call.ts";
import { checkBound, checkFunction } from "../internal/validation.ts";
import {
  type PendingRequest,
  PendingRequests,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "./pending_requests.ts";

/** Options of a {@linkcode KeyedRequestQueue}. */
export interface KeyedRequestQueueOptions<Id> extends RequestQueueOptions {
  /**
   * Makes an id for a request. An id that is in use is skipped and another one made, so ids may
   * repeat.
   *
   * @default numbers from 1
   */
  newId: () => Id;
  /**
   * Ids of abandoned requests that are remembered, so that a late answer to one of them is dropped.
   * When there are more, the oldest is forgotten.
   *
   * @default {10000}
   */
  maxAbandoned?: number | undefined;
}

/**
 * Requests whose answers arrive in any order, each with the id of its request, as in JSON-RPC, NATS
 * or MQTT. A protocol owns the queue: the queue calls the protocol to send a request, and the
 * protocol passes each answer to the queue.
 *
 * A request is abandoned when its Deferred is cancelled, its `AbortSignal` aborts, or it times out.
 * It no longer counts towards `maxInFlight`, because its answer may never arrive. Its id is
 * remembered, so that a late answer is dropped, where an answer to an unknown id is an error.
 * `maxAbandoned` limits how many ids are remembered.
 *
 * In all else it is like {@linkcode RequestQueue}. The PING of a {@linkcode Heartbeat} is sent as a
 * request here, too.
 *
 * @typeParam Req The requests.
 * @typeParam Res The answers.
 * @typeParam Id The ids of requests.
 *
 * @example
 * ```ts
 * import { type Deferred, LineReceiver } from "@torsion/reactor";
 * import { KeyedRequestQueue } from "@torsion/reactor/protocol";
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
  readonly #maxAbandoned: number;
  readonly #inFlight = new Map<Id, PendingRequest<Req, Res>>();
  /** The ids of the requests in flight. */
  readonly #ids = new Map<PendingRequest<Req, Res>, Id>();
  /** The ids of abandoned requests, the oldest first. */
  readonly #abandoned = new Set<Id>();

  /**
   * Creates an empty queue.
   *
   * @param send Sends a request under its id. If it throws, or rejects its promise, it must not
   *   have sent anything: the request fails with {@linkcode RequestSendFailed}, whose cause is the
   *   error.
   * @param options Limits, and `newId`, which is required unless ids are numbers.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when there is a `timeout` but no `clock`, or `send` or `newId` is not a
   *   function.
   */
  constructor(
    send: (id: Id, request: Req) => unknown,
    ...[options]: number extends Id
      ? [options?: RequestQueueOptions & Partial<KeyedRequestQueueOptions<Id>>]
      : [options: KeyedRequestQueueOptions<Id>]
  ) {
    super(options ?? {});
    checkFunction("KeyedRequestQueue() send", send);
    if (options?.newId !== undefined) checkFunction("KeyedRequestQueue() newId", options.newId);
    this.#send = send;
    const { maxAbandoned = 10_000 } = options ?? {};
    checkBound("maxAbandoned", maxAbandoned, 0);
    this.#maxAbandoned = maxAbandoned;
    let last = 0;
    // The cast is safe: the types allow `newId` to be omitted only if numbers are valid ids.
    this.#newId = options?.newId ?? (() => ++last as Id);
  }

  /**
   * The number of requests that have been sent and not answered. Abandoned requests do not count.
   */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** The number of abandoned requests that are remembered and have not been answered. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  /**
   * Fires the Deferred of a request with its answer. An answer to an abandoned request is dropped.
   *
   * @param id The id of the request.
   * @param answer The answer.
   * @throws {UnexpectedAnswer} when no request with this id is in flight. Thrown in `dataReceived`,
   *   the error closes the connection, whose two sides no longer agree.
   */
  answer(id: Id, answer: Res): void {
    const pending = this.#take(id);
    if (pending !== null) this.settle(pending, { answer });
  }

  /**
   * Fails the Deferred of a request. Call it when the peer answers with an error.
   *
   * @param id The id of the request.
   * @param error The failure.
   * @throws {UnexpectedAnswer} when no request with this id is in flight.
   */
  fail(id: Id, error: Error): void {
    const pending = this.#take(id);
    if (pending !== null) this.settle(pending, { error });
  }

  /** Records a request as in flight, and sends it. */
  protected send(pending: PendingRequest<Req, Res>): unknown {
    const id = this.#freeId();
    this.#inFlight.set(id, pending);
    this.#ids.set(pending, id);
    return this.#send(id, pending.request);
  }

  /** Removes a request that could not be sent, so that its id is free again. */
  protected forget(pending: PendingRequest<Req, Res>): void {
    const id = this.#ids.get(pending);
    if (id !== undefined) this.#remove(id, pending);
  }

  /** Removes an abandoned request from those in flight, and remembers its id. */
  protected override abandon(pending: PendingRequest<Req, Res>): void {
    const id = this.#ids.get(pending);
    if (id === undefined) return;
    this.#remove(id, pending);
    this.#abandoned.add(id);
    if (this.#abandoned.size <= this.#maxAbandoned) return;
    for (const oldest of this.#abandoned) {
      this.#abandoned.delete(oldest);
      return;
    }
  }

  /** Removes all requests in flight, and returns them in the order in which they were sent. */
  protected takeInFlight(): PendingRequest<Req, Res>[] {
    const all = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#ids.clear();
    this.#abandoned.clear();
    return all;
  }

  /**
   * Returns an id that is not in use. Among more distinct ids than there are in use, one is free.
   */
  #freeId(): Id {
    const isTaken = (id: Id): boolean => this.#inFlight.has(id) || this.#abandoned.has(id);
    const newId = (): Id => atOnce("newId()", this.#newId(), "Error while calling newId");
    let id = newId();
    for (let left = this.#inFlight.size + this.#abandoned.size; isTaken(id); left--) {
      if (left === 0) {
        throw new RangeError(
          `Cannot send a request with the id ${
            String(id)
          }: a request with this id is already in flight`,
        );
      }
      id = newId();
    }
    return id;
  }

  /** Removes the request with an id from those in flight. Returns null if it was abandoned. */
  #take(id: Id): PendingRequest<Req, Res> | null {
    if (this.#abandoned.delete(id)) {
      this.answerArrived();
      return null;
    }
    const pending = this.#inFlight.get(id);
    if (pending === undefined) {
      throw new UnexpectedAnswer(
        `Cannot accept an answer to the request ${
          String(id)
        }: no request with this id is in flight`,
      );
    }
    this.#remove(id, pending);
    return pending;
  }

  #remove(id: Id, pending: PendingRequest<Req, Res>): void {
    this.#inFlight.delete(id);
    this.#ids.delete(pending);
  }
}
