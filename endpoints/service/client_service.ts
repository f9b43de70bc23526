import { textOf } from "../../internal/foreign_value.ts";
import { abortedBefore } from "../../defer/waiter_queue.ts";
import {
  CancelledError,
  Deferred,
  fail,
  succeed,
  TimeoutError,
  TooManyWaiters,
} from "../../defer/mod.ts";
import { abortedRequest } from "../../protocol/request_failures.ts";
import { checkEndpoint, checkFactory } from "../../reactor/lifecycle/argument_checks.ts";
import { info, warn } from "../../log/mod.ts";
import type { IDelayedCall, IProtocol, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { checkBound, checkDelay, checkFunction, checkTimeout } from "../../internal/validation.ts";
import type {
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../../reactor/interfaces/endpoint.ts";
import { backoffPolicy, type RetryPolicy } from "./backoff_policy.ts";
import { askWhenConnected, type ClientRequestOptions } from "./client_request.ts";
import { ClientAttempt, type ClientAttemptSettings } from "./client_attempt.ts";
import { type ClientEvent, type ClientState, nextState } from "./client_lifecycle.ts";
import { retryDelay } from "./retry_delay.ts";
import { nameOf } from "./service_calls.ts";
import { Service } from "./service.ts";
import { StopWaiters } from "./stop_waiters.ts";

/**
 * Options of a {@linkcode ClientService}.
 *
 * @typeParam P The protocols that the factory builds.
 */
export interface ClientServiceOptions<P extends IProtocol = IProtocol> {
  /**
   * The clock that measures the waits: the reactor, or a test's `Clock`. (Twisted uses the
   * process's reactor by default.)
   */
  clock: Pick<IReactorTime, "seconds" | "callLater">;
  /**
   * Returns the seconds to wait before the next attempt.
   *
   * @default {backoffPolicy()}
   */
  retryPolicy?: RetryPolicy | undefined;
  /**
   * Called with the protocol of each new connection before `whenConnected()` fires, for example to
   * log in or to check the state of the server. If it returns a Deferred or a promise, the service
   * waits for it. If it fails, the connection is closed and counts as a failed attempt. (In Twisted
   * the rejected connection stays open, unless the hook closes it.)
   */
  prepareConnection?: ((protocol: P) => unknown) | undefined;
  /**
   * Seconds until an attempt fails with a `ConnectTimeoutError`, `prepareConnection` included. The
   * timeout of the endpoint applies to connecting alone. Twisted has no such timeout.
   *
   * @default {Infinity}
   */
  attemptTimeout?: number | undefined;
  /**
   * Seconds that a connection must last to reset the count of failures. With 0, as in Twisted, a
   * server that accepts connections and closes them at once is tried again and again after the
   * shortest wait.
   *
   * @default {0}
   */
  stableAfter?: number | undefined;
  /**
   * The maximum number of calls of `whenConnected()` that wait. One more fails with
   * `TooManyWaiters`; `Infinity` removes the limit. Twisted has no limit.
   *
   * @default {10_000}
   */
  maxWaiting?: number | undefined;
}

/** How to wait for a connection of a {@linkcode ClientService}. */
export interface WhenConnectedOptions {
  /**
   * The number of failed attempts that fails the wait, at least 1: with 1, the next attempt that
   * fails does. `Infinity` waits as long as the service runs.
   *
   * @default {Infinity}
   */
  failAfterFailures?: number | undefined;
  /**
   * Seconds until the wait fails with a `TimeoutError`, at least 0. The service keeps connecting.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
  /**
   * Ends the wait when it aborts; the service keeps connecting. The wait fails with a
   * `TimeoutError` if the signal is that of `AbortSignal.timeout()`, and else with a
   * `CancelledError`; both name the signal's reason.
   */
  signal?: AbortSignal | undefined;
}

/**
 * Keeps one connection to a server open: connects, and connects again whenever an attempt fails or
 * the connection is lost, until the service is stopped. Twisted's
 * `twisted.application.internet.ClientService`.
 *
 * - **Waits.** The retry policy returns the wait before the next attempt, given the number of
 *   failures in a row. A lost connection counts as the first failure.
 * - **Use.** {@linkcode whenConnected} returns the protocol of the current or the next connection.
 * - **One connection.** There is never more than one attempt or connection. The next attempt starts
 *   when the last connection has closed.
 * - **Restart.** The service can be started again after it was stopped, and also while it stops.
 *   The count of failures is then reset.
 *
 * The table in `client_lifecycle.ts` shows its states.
 *
 * @typeParam P The protocols that the factory builds.
 *
 * @example
 * ```ts no-eval
 * import { ClientService, reactor, startApplication, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 2000);
 * const service = new ClientService(endpoint, Factory.forProtocol(Protocol), { clock: reactor });
 * startApplication(reactor, service);
 * service.whenConnected().addCallback((protocol) => protocol.transport.write("Hello"));
 * await reactor.run();
 * ```
 */
export class ClientService<P extends IProtocol = IProtocol> extends Service {
  readonly #settings: ClientAttemptSettings<P>;
  readonly #clock: ClientServiceOptions["clock"];
  readonly #retryPolicy: RetryPolicy;
  readonly #stableAfter: number;
  readonly #maxWaiting: number;
  #state: ClientState = "init";
  #attempt: ClientAttempt<P> | null = null;
  #retry: IDelayedCall | null = null;
  /** The protocol of the current connection. */
  #protocol: P | null = null;
  #connectedAt: number | null = null;
  #failures = 0;
  /**
   * The calls of whenConnected() that wait, each with the number of failures that it still accepts.
   */
  readonly #connectWaiters = new Map<Deferred<P>, number>();
  readonly #stopWaiters = new StopWaiters();

  /**
   * Creates a service that has not been started.
   *
   * @param endpoint The endpoint to connect to.
   * @param factory The factory that builds the protocols.
   * @param options The clock, which is required, and further options.
   * @throws {RangeError} when a time is negative or NaN, or `maxWaiting` is not a whole number.
   * @throws {TypeError} when an argument has the wrong type.
   */
  constructor(
    endpoint: IStreamClientEndpoint,
    factory: ITypedProtocolFactory<P>,
    options: ClientServiceOptions<P>,
  ) {
    super();
    checkEndpoint("create a ClientService", endpoint, "connect");
    checkFactory("create a ClientService", factory);
    const { clock, retryPolicy, prepareConnection, attemptTimeout, stableAfter } = options;
    if (retryPolicy !== undefined) checkFunction("ClientService() retryPolicy", retryPolicy);
    if (prepareConnection !== undefined) {
      checkFunction("ClientService() prepareConnection", prepareConnection);
    }
    this.#clock = clock;
    this.#retryPolicy = retryPolicy ?? backoffPolicy();
    this.#stableAfter = stableAfter ?? 0;
    checkDelay("ClientService() stableAfter", this.#stableAfter);
    this.#maxWaiting = options.maxWaiting ?? 10_000;
    checkBound("ClientService() maxWaiting", this.#maxWaiting, 0);
    if (attemptTimeout !== undefined) {
      checkTimeout("ClientService() attemptTimeout", attemptTimeout);
    }
    this.#settings = {
      endpoint,
      factory,
      clock,
      attemptTimeout: attemptTimeout ?? Infinity,
      prepareConnection: prepareConnection ?? (() => {}),
    };
  }

  /**
   * Waits for a connection.
   *
   * @param options `failAfterFailures`, `timeout` and `signal`; or the number `failAfterFailures`
   *   alone, as in Twisted.
   * @returns A Deferred that fires with the protocol of the current connection, or else of the next
   *   one, once it is prepared. It fails with the error of the attempt that reached
   *   `failAfterFailures`; with `TooManyWaiters` when `maxWaiting` calls wait already; with
   *   `TimeoutError` after `timeout`; and with `CancelledError` when the service stops or has been
   *   stopped. Cancelling it ends this wait, and not the service's attempt.
   * @throws {RangeError} when `failAfterFailures` is not an integer of at least 1, or `timeout` is
   *   negative or NaN.
   *
   * @example
   * ```ts
   * import type { ClientService } from "@torsion/reactor/endpoints";
   * import type { Protocol } from "@torsion/reactor/protocol";
   *
   * async function greet(service: ClientService<Protocol>) {
   *   const protocol = await service.whenConnected({ failAfterFailures: 3, timeout: 10 });
   *   protocol.transport.write("Hello");
   * }
   * ```
   */
  whenConnected(options: number | WhenConnectedOptions = Infinity): Deferred<P> {
    const { failAfterFailures = Infinity, timeout = Infinity, signal } = typeof options === "object"
      ? options
      : { failAfterFailures: options };
    checkBound("whenConnected() failAfterFailures", failAfterFailures, 1);
    checkTimeout("whenConnected() timeout", timeout);
    if (signal?.aborted) return abortedBefore(signal);
    const waiter = this.#wait(failAfterFailures);
    if (timeout !== Infinity && !waiter.called) {
      waiter.addTimeout(timeout, this.#clock, () => {
        throw new TimeoutError(`${nameOf(this)} did not connect within ${timeout} s`);
      });
    }
    return signal === undefined ? waiter : waiter.addSignal(signal);
  }

  /**
   * Makes one request over the current connection, or over the next one. One deadline covers the
   * wait for the connection and the wait for the answer. Nothing is made again after a failure:
   * only the caller knows whether that is safe. Twisted has no such method.
   *
   * @param ask Called with the protocol. Makes the request, and returns its Deferred or a promise
   *   of the answer. Its second argument has a `signal` that aborts when the request is abandoned,
   *   for functions that return a promise; a Deferred is cancelled.
   * @param options `timeout`, `signal` and `failAfterFailures`.
   * @returns A Deferred of the answer. Cancelling it ends the wait for the connection, or cancels
   *   the Deferred that `ask` has returned. It fails with `RequestTimeout`; with `RequestCancelled`
   *   when it is cancelled, or the service is stopped or has been stopped before there is a
   *   connection; with `RequestSendFailed` when there is no connection after `failAfterFailures`,
   *   or `maxWaiting` calls wait already; and with the error with which `ask` fails. All but the
   *   last are a `RequestFailure`, whose `sent` is `false` until `ask` is called. Then `sent` is
   *   that of the request whose Deferred `ask` has returned; it is `true` if `ask` returned a
   *   promise that had not settled.
   * @throws {RangeError} when `failAfterFailures` is not an integer of at least 1, or `timeout` is
   *   negative or NaN.
   * @throws {TypeError} when `ask` is not a function.
   *
   * @example
   * ```ts
   * import type { Deferred } from "@torsion/reactor";
   * import type { ClientService } from "@torsion/reactor/endpoints";
   * import type { Protocol, RequestOptions } from "@torsion/reactor/protocol";
   *
   * interface Client extends Protocol {
   *   ask(question: string, options?: RequestOptions): Deferred<string>;
   * }
   *
   * async function greet(service: ClientService<Client>) {
   *   const ask = (client: Client) => client.ask("How are you?");
   *   console.log(await service.request(ask, { timeout: 5 }));
   * }
   * ```
   */
  request<R>(
    ask: (protocol: P, options: { signal: AbortSignal }) => R | PromiseLike<R>,
    options: ClientRequestOptions = {},
  ): Deferred<R> {
    checkFunction("request() ask", ask);
    const { timeout = Infinity, signal, failAfterFailures = Infinity } = options;
    checkBound("request() failAfterFailures", failAfterFailures, 1);
    checkTimeout("request() timeout", timeout);
    if (signal?.aborted) return fail(abortedRequest(signal));
    const connected = this.#wait(failAfterFailures);
    const name = nameOf(this);
    return askWhenConnected({ connected, ask, options, clock: this.#clock, name });
  }

  #wait(failAfterFailures: number): Deferred<P> {
    if (this.#protocol !== null) return succeed(this.#protocol);
    if (this.#state === "stopped") return fail(this.#stoppedError());
    if (this.#connectWaiters.size >= this.#maxWaiting) {
      const limit = this.#maxWaiting;
      return fail(
        new TooManyWaiters(
          `Cannot wait for a connection of ${this}: ` +
            `the limit of ${limit} waiting calls (maxWaiting) is reached`,
        ),
      );
    }
    const waiter = new Deferred<P>(() => this.#connectWaiters.delete(waiter));
    this.#connectWaiters.set(waiter, failAfterFailures);
    return waiter;
  }

  /**
   * Starts to connect. If the service is running already, a warning is logged and nothing else
   * happens.
   */
  override startService(): void {
    if (this.running) {
      warn(`Ignored a call of startService() of ${nameOf(this)}: it has already been started`);
      return;
    }
    super.startService();
    this.#failures = 0;
    this.#on("start");
  }

  /**
   * Ends the wait, the attempt or the connection. No further attempt follows.
   *
   * @returns A Deferred that fires when no connection is left: at once, or when the connection is
   *   lost.
   */
  override stopService(): Deferred<void> {
    super.stopService();
    const stopped = this.#stopWaiters.add();
    this.#on("stop");
    return stopped;
  }

  #on(event: ClientEvent, reason?: Error): void {
    const state = nextState(this.#state, event);
    if (state === undefined) return;
    this.#state = state;
    this.#protocol = null;
    if (state === "connecting") this.#connect();
    else if (state === "waiting") this.#scheduleRetry(reason);
    else if (state === "disconnecting") this.#attempt?.end();
    else if (state === "stopped") this.#stopped();
  }

  #connect(): void {
    this.#retry = null;
    // If the service is restarted while it stops, the pending stop is complete now, and its
    // Deferreds fire below. They are taken first, so that a later stop does not fire with them.
    const fireStopped = this.#stopWaiters.take();
    this.#attempt = new ClientAttempt(this.#settings, {
      connected: (protocol) => this.#connected(protocol),
      failed: (reason) => this.#failed(reason),
      over: (reason) => this.#on("over", reason),
    });
    this.#attempt.begin();
    fireStopped();
  }

  #connected(protocol: P): void {
    this.#on("connected");
    this.#protocol = protocol;
    this.#connectedAt = this.#clock.seconds();
    this.#settle([...this.#connectWaiters.keys()], (waiter) => waiter.callback(protocol));
  }

  /** Fails the waiters that accept no further failure. */
  #failed(reason: Error): void {
    const due: Deferred<P>[] = [];
    for (const [waiter, accepted] of this.#connectWaiters) {
      if (accepted === 1) due.push(waiter);
      else this.#connectWaiters.set(waiter, accepted - 1);
    }
    this.#settle(due, (waiter) => waiter.errback(reason));
  }

  #scheduleRetry(reason: Error | undefined): void {
    this.#attempt = null;
    this.#countFailure();
    const delay = this.#nextDelay();
    // The retry policy may have stopped the service, and may even have started it again.
    if (this.#state !== "waiting" || this.#retry !== null) return;
    // The function has a name for the text of the timed call, which a test may show.
    const retryClientService = () => this.#on("retry");
    this.#retry = this.#clock.callLater(delay, retryClientService);
    const attempt = this.#failures;
    const endpoint = nameOf(this.#settings.endpoint);
    const seconds = Number(delay.toFixed(3));
    info(
      `Scheduling retry ${attempt} to connect ${endpoint} in ${seconds} seconds. (${
        textOf(reason)
      })`,
      { attempt, endpoint, delay, reason },
    );
  }

  #countFailure(): void {
    const isStable = this.#connectedAt !== null &&
      this.#clock.seconds() - this.#connectedAt >= this.#stableAfter;
    this.#connectedAt = null;
    this.#failures = isStable ? 1 : this.#failures + 1;
  }

  #nextDelay(): number {
    return retryDelay(this.#failures, {
      owner: nameOf(this),
      policy: this.#retryPolicy,
      fallback: backoffPolicy(),
      fallbackName: "the default policy",
    });
  }

  #stopped(): void {
    this.#retry?.cancel();
    this.#retry = this.#attempt = this.#connectedAt = null;
    const fireStopped = this.#stopWaiters.take();
    const error = this.#stoppedError();
    this.#settle([...this.#connectWaiters.keys()], (waiter) => waiter.errback(error));
    fireStopped();
  }

  #settle(waiters: Deferred<P>[], settle: (waiter: Deferred<P>) => void): void {
    for (const waiter of waiters) this.#connectWaiters.delete(waiter);
    // The callback of one waiter may cancel another waiter, which has then already fired.
    for (const waiter of waiters) if (!waiter.called) settle(waiter);
  }

  #stoppedError(): CancelledError {
    return new CancelledError(`Cannot connect with ${nameOf(this)}: the service has been stopped`);
  }
}
