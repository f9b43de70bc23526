import { Deferred, fail, TimeoutError } from "../defer/mod.ts";
import { RemovableFifo } from "../defer/removable_fifo.ts";
import type { IReactorTime, ITransport } from "../reactor/interfaces/mod.ts";
import { asError, onRejection } from "../defer/guarded_call.ts";
import { ByteBudget } from "./byte_budget.ts";
import { checkBound, checkDelay, checkFunction } from "../internal/validation.ts";
import {
  abandonedRequest,
  abortedRequest,
  RequestLost,
  RequestQueueFull,
  RequestSendFailed,
  RequestTimeout,
} from "./request_failures.ts";

/** Limits of a request queue. */
export interface RequestQueueOptions {
  /**
   * The clock that measures the timeouts: the reactor, or a test's `Clock`. Required if there is a
   * timeout.
   */
  clock?: Pick<IReactorTime, "callLater"> | undefined;
  /**
   * Seconds until a request fails with a {@linkcode RequestTimeout}. They count from the call of
   * `request`, so the wait in the queue is included.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
  /**
   * The maximum number of requests in flight: sent, and not answered. With 1, each request is sent
   * when the one before it has been answered.
   *
   * @default {1000}
   */
  maxInFlight?: number | undefined;
  /**
   * The maximum number of requests that wait to be sent. One more fails with
   * {@linkcode RequestQueueFull}.
   *
   * @default {10000}
   */
  maxWaiting?: number | undefined;
  /**
   * The maximum size of the requests in flight, in bytes: further ones wait to be sent. It should
   * be less than the `writeBufferLimit` of the connection, because a peer that does not read leaves
   * requests in the write buffer. Those of a `KeyedRequestQueue` no longer count when they are
   * abandoned, although they may still be there. A single request may be larger, when no other is
   * in flight. The caller of `request()` passes the size of each request.
   *
   * @default {16777216}
   */
  maxInFlightBytes?: number | undefined;
  /**
   * The maximum size of the requests that wait to be sent, in bytes. One that would exceed it fails
   * with {@linkcode RequestQueueFull}. A single request may be larger, when no other waits.
   *
   * @default {67108864}
   */
  maxWaitingBytes?: number | undefined;
  /**
   * The number of requests that time out in a row, without any answer between them, after which the
   * connection of {@linkcode protocol} is aborted. The last {@linkcode RequestTimeout} is the cause
   * of the reason. A request that timed out before it was sent counts only if an abandoned request
   * held up the queue from the start: nothing but a late answer could free its place.
   *
   * @default {Infinity}
   */
  maxTimeouts?: number | undefined;
  /** The protocol that owns the queue. Required with {@linkcode maxTimeouts}. */
  protocol?: { readonly transport: Pick<ITransport, "abortConnection"> } | undefined;
}

/** Options of a single request. */
export interface RequestOptions {
  /**
   * Seconds until this request fails with a {@linkcode RequestTimeout}, at least 0.
   *
   * @default the `timeout` of the queue
   */
  timeout?: number | undefined;
  /**
   * Abandons this request when it aborts, as cancelling its Deferred does. The request fails with a
   * {@linkcode RequestTimeout} if the signal's reason is a timeout, as that of
   * `AbortSignal.timeout()` is, and else with a {@linkcode RequestCancelled}; both name the reason.
   * A signal that has aborted already sends nothing.
   */
  signal?: AbortSignal | undefined;
}

/**
 * Thrown when an answer arrives that belongs to no request in flight: the two sides of the
 * connection no longer agree.
 */
export class UnexpectedAnswer extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedAnswer";
}

/**
 * Counts the size of a request in a budget, and no longer in the one before. Set by the class
 * itself, so that programs do not see it.
 */
let countIn: <Req, Res>(pending: PendingRequest<Req, Res>, budget: ByteBudget | null) => void;

/** A request, from the call of `request` until its answer arrives. */
export class PendingRequest<Req, Res> {
  /** The request, as the caller passed it to `request()`. */
  readonly request: Req;
  /** The size of the request, in bytes; 0 if it is not known. */
  readonly size: number;
  /** Fires with the peer's answer. */
  readonly answer: Deferred<Res>;
  #sent = false;
  #isAbandoned = false;
  /** The budget in which the size counts. */
  #budget: ByteBudget | null = null;

  static {
    countIn = (pending, budget) => {
      pending.#budget?.remove(pending.size);
      pending.#budget = budget;
      budget?.add(pending.size);
    };
  }

  /**
   * Creates a request that has not been sent.
   *
   * @param request The request.
   * @param abandoned Called when the Deferred is cancelled, also by a timeout or a signal.
   * @param size The size of the request, in bytes.
   */
  constructor(
    request: Req,
    abandoned: (pending: PendingRequest<Req, Res>) => void,
    size = 0,
  ) {
    checkFunction("PendingRequest() abandoned", abandoned);
    this.request = request;
    this.size = size;
    this.answer = new Deferred<Res>(() => {
      this.#isAbandoned = true;
      // Returned, because the Deferred logs the rejection of a promise.
      return abandoned(this);
    });
  }

  /** Whether the request has been passed to the protocol to be sent. */
  get sent(): boolean {
    return this.#sent;
  }

  /** Whether the Deferred has been cancelled, also by a timeout or a signal. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Records that the request is being sent. */
  start(): void {
    this.#sent = true;
  }

  /** Fires the Deferred with an answer or a failure. Does nothing if it was cancelled. */
  settle(outcome: { answer: Res } | { error: Error }): void {
    if (this.answer.called) return;
    if ("error" in outcome) this.answer.errback(outcome.error);
    else this.answer.callback(outcome.answer);
  }
}

/**
 * The requests of one connection: those in flight, and those that wait to be sent. The base class
 * of `RequestQueue` and `KeyedRequestQueue`, and of any queue that matches answers to requests in
 * another way.
 *
 * @typeParam Req The requests.
 * @typeParam Res The answers.
 */
export abstract class PendingRequests<Req, Res> {
  readonly #clock: Pick<IReactorTime, "callLater"> | null;
  readonly #timeout: number;
  readonly #maxInFlight: number;
  readonly #maxWaiting: number;
  readonly #maxTimeouts: number;
  readonly #protocol: RequestQueueOptions["protocol"];
  /** The number of requests that have timed out since the last answer. */
  #timeouts = 0;
  readonly #waiting = new RemovableFifo<PendingRequest<Req, Res>>();
  readonly #inFlightBytes: ByteBudget;
  readonly #waitingBytes: ByteBudget;
  /** The reason for which the connection was lost. */
  #lost: Error | null = null;
  /** Whether waiting requests are being sent. */
  #isStarting = false;

  /**
   * Creates an empty queue.
   *
   * @param options The limits.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when there is a `timeout` but no `clock`, or `maxTimeouts` but no
   *   `protocol`.
   */
  constructor(options: RequestQueueOptions) {
    const { clock = null, timeout = Infinity, maxInFlight = 1000, maxWaiting = 10_000 } = options;
    checkBound("maxInFlight", maxInFlight, 1);
    checkBound("maxWaiting", maxWaiting, 0);
    const { maxInFlightBytes = 16_777_216, maxWaitingBytes = 67_108_864 } = options;
    checkBound("maxInFlightBytes", maxInFlightBytes, 1);
    checkBound("maxWaitingBytes", maxWaitingBytes, 0);
    this.#inFlightBytes = new ByteBudget(maxInFlightBytes);
    this.#waitingBytes = new ByteBudget(maxWaitingBytes);
    const { maxTimeouts = Infinity, protocol } = options;
    checkBound("maxTimeouts", maxTimeouts, 1);
    if (maxTimeouts !== Infinity && protocol === undefined) {
      throw new TypeError("Cannot use maxTimeouts: the queue's options contain no protocol");
    }
    this.#maxTimeouts = maxTimeouts;
    this.#protocol = protocol;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#maxInFlight = maxInFlight;
    this.#maxWaiting = maxWaiting;
    this.#check(timeout);
  }

  /** The number of requests in flight, which count towards `maxInFlight`. */
  abstract get inFlight(): number;

  /** The number of requests that wait to be sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Sends a request, or queues it until one in flight has been answered.
   *
   * @param request The request.
   * @param options `timeout` and `signal` for this request.
   * @param size The size of the request in bytes, which counts towards `maxInFlightBytes` and
   *   `maxWaitingBytes`; 0 by default.
   * @returns A Deferred that fires with the answer. Cancelling it abandons the request: it is not
   *   sent if it still waits, and otherwise its answer is dropped when it arrives. It fails with
   *   the error with which the peer answers, or with a failure whose `sent` says whether the
   *   request had been sent: {@linkcode RequestTimeout}, {@linkcode RequestCancelled},
   *   {@linkcode RequestQueueFull}, {@linkcode RequestSendFailed} if `send` or the clock throws, or
   *   {@linkcode RequestLost} if the connection is lost. The error of the peer is not a
   *   {@linkcode RequestFailure}.
   * @throws {RangeError} when `timeout` is negative or NaN, or `size` is negative or not an
   *   integer.
   * @throws {TypeError} when there is a `timeout` but the queue has no `clock`.
   */
  request(request: Req, options: RequestOptions = {}, size = 0): Deferred<Res> {
    const { timeout = this.#timeout, signal } = options;
    this.#check(timeout);
    checkBound("size", size, 0);
    if (this.#lost !== null) return fail(new RequestLost(this.#lost, false));
    if (signal?.aborted) return fail(abortedRequest(signal));
    const hasTurn = this.#waiting.length === 0 && this.#hasRoom(size);
    const full = hasTurn ? null : this.#reasonFull(size);
    if (full !== null) return fail(full);
    const wasBlocked = this.#isBlocked(size);
    let number = -1;
    const pending = new PendingRequest<Req, Res>(request, (pending) => {
      if (this.#waiting.remove(number)) countIn(pending, null);
      else this.#abandon(pending);
      this.#startMore();
    }, size);
    try {
      this.#addTimeout(timeout, pending);
    } catch (error) {
      return fail(new RequestSendFailed(asError(error)));
    }
    if (hasTurn) this.#start(pending);
    else number = this.#wait(pending);
    if (signal !== undefined) pending.answer.addSignal(signal);
    return pending.answer.addErrback((error) => this.#failed(pending, error, wasBlocked));
  }

  /**
   * Fails all requests, and all that are made later, with {@linkcode RequestLost}. Call it in
   * `connectionLost`.
   *
   * @param reason The reason of the loss.
   */
  connectionLost(reason: Error): void {
    this.#lost ??= reason;
    const all = [...this.takeInFlight(), ...this.#waiting.takeAll()];
    for (const pending of all) pending.settle({ error: new RequestLost(reason, pending.sent) });
  }

  /**
   * Records a request as in flight, and then sends it. Its answer, or the loss of the connection,
   * may come before this method returns.
   *
   * @param pending The request.
   * @returns A result of any type. If it is a promise that rejects, or this method throws, nothing
   *   must have been sent: the request fails with {@linkcode RequestSendFailed}, and no answer to
   *   it is expected.
   */
  protected abstract send(pending: PendingRequest<Req, Res>): unknown;

  /**
   * Removes a request that could not be sent from those in flight, if it is there.
   *
   * @param pending The request.
   */
  protected abstract forget(pending: PendingRequest<Req, Res>): void;

  /**
   * Called when a request in flight is abandoned. A queue that does not need to keep it in flight
   * removes it here.
   *
   * @param _pending The request.
   */
  protected abandon(_pending: PendingRequest<Req, Res>): void {}

  /**
   * Whether the answer to an abandoned request must come before all others. Never the case for a
   * queue that removes abandoned requests from those in flight.
   */
  protected get isHeldUp(): boolean {
    return false;
  }

  /** Removes all requests in flight, and returns them in the order in which they were sent. */
  protected abstract takeInFlight(): PendingRequest<Req, Res>[];

  /**
   * Fires the Deferred of a request that a subclass has removed from those in flight. The next
   * waiting request is sent first.
   *
   * @param pending The request.
   * @param outcome The answer, or the failure.
   */
  protected settle(
    pending: PendingRequest<Req, Res>,
    outcome: { answer: Res } | { error: Error },
  ): void {
    this.answerArrived();
    this.#continue(pending, outcome);
  }

  /** Records a sign of life: the count of timeouts in a row begins again. */
  protected answerArrived(): void {
    this.#timeouts = 0;
  }

  #continue(
    pending: PendingRequest<Req, Res>,
    outcome: { answer: Res } | { error: Error },
  ): void {
    countIn(pending, null);
    this.#startMore();
    pending.settle(outcome);
  }

  #abandon(pending: PendingRequest<Req, Res>): void {
    const before = this.inFlight;
    this.abandon(pending);
    if (this.inFlight < before) countIn(pending, null);
  }

  /** Whether a request of this size may be sent now. */
  #hasRoom(size: number): boolean {
    return this.inFlight < this.#maxInFlight && this.#inFlightBytes.hasRoom(size);
  }

  /** Returns the failure of a request that may not wait; `null` if it may. */
  #reasonFull(size: number): RequestQueueFull | null {
    const { length } = this.#waiting;
    const rest = `, and ${this.inFlight} are in flight`;
    if (length >= this.#maxWaiting) {
      return new RequestQueueFull(
        `Cannot queue a request: the limit of ${length} waiting requests (maxWaiting) is ` +
          `reached${rest}`,
      );
    }
    const { used, limit } = this.#waitingBytes;
    if (this.#waitingBytes.hasRoom(size)) return null;
    return new RequestQueueFull(
      `Cannot queue a request of ${size} bytes: ${used} bytes wait, the limit is ${limit} ` +
        `(maxWaitingBytes)${rest}`,
    );
  }

  #wait(pending: PendingRequest<Req, Res>): number {
    countIn(pending, this.#waitingBytes);
    return this.#waiting.push(pending);
  }

  /** Sends waiting requests while there is room for them in flight. */
  #startMore(): void {
    // A request that is answered while it is being sent calls this method again. The inner call
    // returns, and the loop below sends the next request, without recursion.
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      for (;;) {
        const { first } = this.#waiting;
        if (first === undefined || !this.#hasRoom(first.size)) break;
        this.#waiting.shift();
        this.#start(first);
      }
    } finally {
      this.#isStarting = false;
    }
  }

  #start(pending: PendingRequest<Req, Res>): void {
    pending.start();
    countIn(pending, this.#inFlightBytes);
    try {
      onRejection(this.send(pending), (error) => this.#notSent(pending, error));
    } catch (error) {
      this.#notSent(pending, error);
    }
  }

  #notSent(pending: PendingRequest<Req, Res>, error: unknown): void {
    this.forget(pending);
    this.#continue(pending, { error: new RequestSendFailed(asError(error)) });
  }

  #addTimeout(seconds: number, pending: PendingRequest<Req, Res>): void {
    if (this.#clock === null || seconds === Infinity) return;
    pending.answer.addTimeout(seconds, this.#clock, () => {
      const what = pending.sent ? "answer the request" : "answer earlier requests";
      throw new TimeoutError(`The peer did not ${what} within ${seconds} s`);
    });
  }

  /** Whether only late answers can free a place for the requests that wait. */
  #isBlocked(size: number): boolean {
    // A smaller request waits for a larger one before it.
    return this.isHeldUp && (this.#waiting.length > 0 || !this.#hasRoom(size));
  }

  /** Rethrows the failure of a request; that of an abandoned one with `sent`. */
  #failed(pending: PendingRequest<Req, Res>, error: Error, wasBlocked: boolean): never {
    if (!pending.isAbandoned) throw error;
    const failure = abandonedRequest(error, pending.sent);
    const isCounted = failure.sent || wasBlocked && this.#isBlocked(pending.size);
    if (isCounted && failure instanceof RequestTimeout) this.#timedOut(failure);
    throw failure;
  }

  #timedOut(error: RequestTimeout): void {
    // The loss of the connection is not repeated for the requests that time out until it comes.
    if (++this.#timeouts === this.#maxTimeouts) this.#protocol?.transport.abortConnection(error);
  }

  #check(timeout: number): void {
    if (timeout === Infinity) return;
    checkDelay("timeout", timeout);
    if (this.#clock === null) {
      throw new TypeError("Cannot use a request timeout: the queue's options contain no clock");
    }
  }
}
