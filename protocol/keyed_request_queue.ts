import { atOnce } from "../defer/guarded_call.ts";
import { checkBound, checkFunction } from "../internal/validation.ts";
import {
  type PendingRequest,
  PendingRequests,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "./pending_requests.ts";

/** How requests are bounded and named. */
export interface KeyedRequestQueueOptions<Id> extends RequestQueueOptions {
  /**
   * Makes a name for a request. While that is taken, it is asked for another, so names may come round again.
   *
   * @default numbers from 1
   */
  newId: () => Id;
  /**
   * Requests given up whose names are kept, so that a late answer is known for what it is. One more, and the oldest is forgotten.
   *
   * @default {10000}
   */
  maxAbandoned?: number | undefined;
}

/**
 * Requests whose answers come in any order, each with the name of its request, as in JSON-RPC, NATS or MQTT. For a protocol's inside: the
 * protocol sends what it is told to, and hands over each answer that comes.
 *
 * A request that is given up, by its `Deferred`, an `AbortSignal` or a timeout, gives its place among `maxInFlight` free, since its answer may
 * never come. Its name is kept: so a late answer, which is dropped, is told from one that nobody asked for. `maxAbandoned` bounds how many such
 * names there are.
 *
 * Else it is as {@linkcode RequestQueue}. The PING of a {@linkcode Heartbeat} is a request here, too.
 *
 * @typeParam Req What is asked.
 * @typeParam Res What is answered.
 * @typeParam Id What names a request.
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
  /** The names of those in flight. */
  readonly #names = new Map<PendingRequest<Req, Res>, Id>();
  /** The names of those given up, the oldest first. */
  readonly #abandoned = new Set<Id>();

  /**
   * Makes an empty queue.
   *
   * @param send Sends a request under its name. What it throws, or rejects its promise with, is that request's failure.
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
    checkFunction("KeyedRequestQueue() send", send);
    if (options?.newId !== undefined) checkFunction("KeyedRequestQueue() newId", options.newId);
    this.#send = send;
    const { maxAbandoned = 10_000 } = options ?? {};
    checkBound("maxAbandoned", maxAbandoned, 0);
    this.#maxAbandoned = maxAbandoned;
    let last = 0;
    // Left out only where a number is an Id, which the types of the options see to.
    this.#newId = options?.newId ?? (() => ++last as Id);
  }

  /** How many requests are with the peer. Those that nobody waits for any more are not among them. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** How many requests have been given up, and not been answered yet. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  /**
   * The answer to a request came.
   *
   * @throws {UnexpectedAnswer} when no request of that name is with the peer. Out of `dataReceived` it loses the connection, as it should.
   */
  answer(id: Id, answer: Res): void {
    const pending = this.#take(id);
    if (pending !== null) this.settle(pending, { answer });
  }

  /**
   * The peer says that a request failed.
   *
   * @throws {UnexpectedAnswer} when no request of that name is with the peer.
   */
  fail(id: Id, error: Error): void {
    const pending = this.#take(id);
    if (pending !== null) this.settle(pending, { error });
  }

  /** Notes a request as being with the peer, and sends it. */
  protected send(pending: PendingRequest<Req, Res>): unknown {
    const id = this.#freeId();
    this.#inFlight.set(id, pending);
    this.#names.set(pending, id);
    return this.#send(id, pending.request);
  }

  /** Takes the name of a request that was not sent back. */
  protected forget(pending: PendingRequest<Req, Res>): void {
    const id = this.#names.get(pending);
    if (id !== undefined) this.#remove(id, pending);
  }

  /** Gives a request's place free, and keeps its name. */
  protected override abandon(pending: PendingRequest<Req, Res>): void {
    const id = this.#names.get(pending);
    if (id === undefined) return;
    this.#remove(id, pending);
    this.#abandoned.add(id);
    if (this.#abandoned.size <= this.#maxAbandoned) return;
    for (const oldest of this.#abandoned) {
      this.#abandoned.delete(oldest);
      return;
    }
  }

  /** All that are with the peer; they are so no more. */
  protected takeInFlight(): PendingRequest<Req, Res>[] {
    const all = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#names.clear();
    this.#abandoned.clear();
    return all;
  }

  /** A name that is not taken. Of one more than there are, one is not, unless they repeat. */
  #freeId(): Id {
    const isTaken = (id: Id): boolean => this.#inFlight.has(id) || this.#abandoned.has(id);
    const newId = (): Id => atOnce("newId()", this.#newId(), "While calling newId");
    let id = newId();
    for (let left = this.#inFlight.size + this.#abandoned.size; isTaken(id); left--) {
      if (left === 0) {
        throw new RangeError(
          `Cannot name a request ${String(id)}: another of that name is with the peer`,
        );
      }
      id = newId();
    }
    return id;
  }

  /** Takes the request of that name: null when it was given up. */
  #take(id: Id): PendingRequest<Req, Res> | null {
    if (this.#abandoned.delete(id)) return null;
    const pending = this.#inFlight.get(id);
    if (pending === undefined) {
      throw new UnexpectedAnswer(
        `Cannot take an answer to ${String(id)}: no such request is with the peer`,
      );
    }
    this.#remove(id, pending);
    return pending;
  }

  #remove(id: Id, pending: PendingRequest<Req, Res>): void {
    this.#inFlight.delete(id);
    this.#names.delete(pending);
  }
}
