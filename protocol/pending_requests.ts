import { abortedError } from "../defer/aborted_error.ts";
import { CancelledError, Deferred, fail, TimeoutError } from "../defer/mod.ts";
import type { IReactorTime } from "../reactor/interfaces/mod.ts";
import { asError, onRejection } from "../defer/guarded_call.ts";
import { checkBound, checkDelay, checkFunction } from "../internal/validation.ts";

/** How requests are bounded. */
export interface RequestQueueOptions {
  /** Measures the timeouts: the reactor, or a test's `Clock`. Needed where there are any. */
  clock?: Pick<IReactorTime, "callLater"> | undefined;
  /**
   * Seconds that a request may take, from when it is made, the wait for its turn included, until it fails with a `TimeoutError`.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
  /**
   * Requests that may be with the peer at a time. 1 sends each when the one before it has been answered.
   *
   * @default {1000}
   */
  maxInFlight?: number | undefined;
  /**
   * Requests that may wait for their turn. One more fails with {@linkcode RequestQueueFull}.
   *
   * @default {10000}
   */
  maxWaiting?: number | undefined;
}

/** Options of a single request. */
export interface RequestOptions {
  /**
   * Seconds until this request fails with a `TimeoutError`, at least 0.
   *
   * @default the `timeout` of the queue
   */
  timeout?: number | undefined;
  /**
   * Abandons this request when it aborts, as cancelling its Deferred does. The request fails with a
   * `TimeoutError` if the signal is that of `AbortSignal.timeout()`, and else with a
   * `CancelledError`; both name the signal's reason. A signal that has aborted already sends nothing.
   */
  signal?: AbortSignal | undefined;
}

/** A request was made while too many others waited. */
export class RequestQueueFull extends Error {
  /** The error's name. */
  override readonly name = "RequestQueueFull";
}

/** An answer came that no request waits for: peer and client do not mean the same any more. */
export class UnexpectedAnswer extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedAnswer";
}

/** A request, from when it is made until its answer is there. */
export class PendingRequest<Req, Res> {
  /** What is asked. */
  readonly request: Req;
  /** Fires with the answer. */
  readonly answer: Deferred<Res>;

  /**
   * Makes a request that has not been sent.
   *
   * @param request What is asked.
   * @param abandoned Called when the Deferred is cancelled, by a timeout too.
   */
  constructor(request: Req, abandoned: (pending: PendingRequest<Req, Res>) => void) {
    checkFunction("PendingRequest() abandoned", abandoned);
    this.request = request;
    this.answer = new Deferred<Res>(() => abandoned(this));
  }

  /** Hands over the answer, or drops it if nobody waits. */
  settle(outcome: { answer: Res } | { error: Error }): void {
    if (this.answer.called) return;
    if ("error" in outcome) this.answer.errback(outcome.error);
    else this.answer.callback(outcome.answer);
  }
}

/**
 * Requests on one connection: who waits for an answer, and who for a turn. What `RequestQueue` and `KeyedRequestQueue` have in common; a
 * protocol that tells its answers apart in another way can build on it, too.
 */
export abstract class PendingRequests<Req, Res> {
  readonly #clock: Pick<IReactorTime, "callLater"> | null;
  readonly #timeout: number;
  readonly #maxInFlight: number;
  readonly #maxWaiting: number;
  // By number: so one in the middle can go, and the first is found without a search. In a set or a map those that have gone before it
  // would be passed over each time, which for a hundred thousand is most of the work.
  readonly #waiting = new Map<number, PendingRequest<Req, Res>>();
  /** The number of the next to wait. */
  #nextNumber = 0;
  /** None of a lower number waits. */
  #turn = 0;
  /** Why no more requests are taken. */
  #lost: Error | null = null;
  /** Whether those that wait are being sent. */
  #isStarting = false;

  /**
   * Makes an empty one.
   *
   * @param options How requests are bounded.
   * @throws {RangeError | TypeError} when an option is out of range, or a timeout has no clock.
   */
  constructor(options: RequestQueueOptions) {
    const { clock = null, timeout = Infinity, maxInFlight = 1000, maxWaiting = 10_000 } = options;
    checkBound("maxInFlight", maxInFlight, 1);
    checkBound("maxWaiting", maxWaiting, 0);
    this.#clock = clock;
    this.#timeout = timeout;
    this.#maxInFlight = maxInFlight;
    this.#maxWaiting = maxWaiting;
    this.#check(timeout);
  }

  /** How many requests are with the peer, and hold a place among `maxInFlight`. */
  abstract get inFlight(): number;

  /** How many requests wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Makes a request: sends it, or has it wait for its turn.
   *
   * @param request What is asked.
   * @param options How this one is treated otherwise.
   * @returns A Deferred that fires with the answer. Cancelling it gives the request up: one that waits is never sent; the answer to one that
   *   was sent is dropped when it comes. It fails with a `TimeoutError` when the answer takes too long, with
   *   {@linkcode RequestQueueFull}, with what `send` throws, or with the reason for which the connection was lost.
   */
  request(request: Req, options: RequestOptions = {}): Deferred<Res> {
    const { timeout = this.#timeout, signal } = options;
    this.#check(timeout);
    if (this.#lost !== null) return fail(this.#lost);
    if (signal?.aborted) return fail(abortedError(new CancelledError(), signal.reason));
    const hasTurn = this.#waiting.size === 0 && this.inFlight < this.#maxInFlight;
    if (!hasTurn && this.#waiting.size >= this.#maxWaiting) {
      return fail(
        new RequestQueueFull(
          `Cannot take a request: ${this.inFlight} are with the peer, and ${this.#waiting.size} wait, as many as may`,
        ),
      );
    }
    // Only those that wait are counted, or the first of them would have to be looked for behind all that did not.
    const number = hasTurn ? -1 : this.#nextNumber++;
    const pending = new PendingRequest<Req, Res>(request, (pending) => {
      if (!this.#waiting.delete(number)) this.#abandon(pending);
    });
    if (hasTurn) this.#start(pending);
    else this.#waiting.set(number, pending);
    const answer = this.#within(timeout, pending.answer);
    return signal === undefined ? answer : answer.addSignal(signal);
  }

  /**
   * Fails all requests, and those made from now on: the connection is gone. For `connectionLost`.
   *
   * @param reason Why.
   */
  connectionLost(reason: Error): void {
    this.#lost ??= reason;
    const all = [...this.takeInFlight(), ...this.#waiting.values()];
    this.#waiting.clear();
    for (const pending of all) pending.settle({ error: reason });
  }

  /**
   * Notes a request as being with the peer, and then sends it: its answer, or the connection's loss, may come before this returns.
   *
   * @returns Where it is a promise: for that to be rejected is as if this had thrown, which is the request's failure.
   */
  protected abstract send(pending: PendingRequest<Req, Res>): unknown;

  /** A request could not be sent: if it is noted as being with the peer, it is so no more. */
  protected abstract forget(pending: PendingRequest<Req, Res>): void;

  /**
   * Nobody waits any more for the answer to a request that has been sent. What can do without its place gives it free here.
   *
   * @param _pending The request.
   */
  protected abandon(_pending: PendingRequest<Req, Res>): void {}

  /** All that are with the peer, in the order in which they were sent; they are so no more. */
  protected abstract takeInFlight(): PendingRequest<Req, Res>[];

  /**
   * A request has been answered, and is noted no more: the next one's turn comes first, and then its answer is heard.
   *
   * @param pending The request.
   * @param outcome Its answer, or its failure.
   */
  protected settle(
    pending: PendingRequest<Req, Res>,
    outcome: { answer: Res } | { error: Error },
  ): void {
    this.#startMore();
    pending.settle(outcome);
  }

  #abandon(pending: PendingRequest<Req, Res>): void {
    this.abandon(pending);
    this.#startMore();
  }

  /** Starts as many of those that wait as may. */
  #startMore(): void {
    // What is answered while it is sent comes here again: the loop below goes on with the rest, however many they are.
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      while (this.inFlight < this.#maxInFlight && this.#waiting.size > 0) this.#startNext();
    } finally {
      this.#isStarting = false;
    }
  }

  /** Starts the first of those that wait; there has to be one. */
  #startNext(): void {
    let next: PendingRequest<Req, Res> | undefined;
    while (next === undefined) next = this.#waiting.get(this.#turn++);
    this.#waiting.delete(this.#turn - 1);
    this.#start(next);
  }

  #start(pending: PendingRequest<Req, Res>): void {
    try {
      onRejection(this.send(pending), (error) => this.#notSent(pending, error));
    } catch (error) {
      this.#notSent(pending, error);
    }
  }

  #notSent(pending: PendingRequest<Req, Res>, error: unknown): void {
    this.forget(pending);
    this.settle(pending, { error: asError(error) });
  }

  #within(seconds: number, answer: Deferred<Res>): Deferred<Res> {
    if (this.#clock === null || seconds === Infinity || answer.called) return answer;
    return answer.addTimeout(seconds, this.#clock, () => {
      throw new TimeoutError(`The request was not answered within ${seconds} s`);
    });
  }

  #check(timeout: number): void {
    if (timeout === Infinity) return;
    checkDelay("timeout", timeout);
    if (this.#clock === null) throw new TypeError("A timeout needs a clock: clock is missing");
  }
}
