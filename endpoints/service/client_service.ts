import { textOf } from "../../internal/foreign_value.ts";
import { abortedError } from "../../defer/aborted_error.ts";
import {
  CancelledError,
  Deferred,
  fail,
  succeed,
  TimeoutError,
  TooManyWaiters,
} from "../../defer/mod.ts";
import { checkEndpoint, checkFactory } from "../../reactor/lifecycle/argument_checks.ts";
import { err, info, warn } from "../../log/mod.ts";
import type { IDelayedCall, IProtocol, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { atOnce } from "../../defer/guarded_call.ts";
import { checkBound, checkDelay, checkFunction } from "../../internal/validation.ts";
import type { IStreamClientEndpoint, ITypedProtocolFactory } from "../interfaces.ts";
import { backoffPolicy, type RetryPolicy } from "./backoff_policy.ts";
import { ClientAttempt, type ClientAttemptSettings } from "./client_attempt.ts";
import { type ClientEvent, type ClientState, nextState } from "./client_lifecycle.ts";
import { nameOf } from "./service_calls.ts";
import { Service } from "./service.ts";
import { StopWaiters } from "./stop_waiters.ts";

/** How a {@linkcode ClientService} connects. */
export interface ClientServiceOptions<P extends IProtocol = IProtocol> {
  /** Measures the waits: the reactor, or a test's `Clock`. (Twisted's default is the process's reactor; nothing here reaches for that.) */
  clock: Pick<IReactorTime, "seconds" | "callLater">;
  /**
   * How long to wait before the next attempt.
   *
   * @default {backoffPolicy()}
   */
  retryPolicy?: RetryPolicy | undefined;
  /**
   * Called with each new connection's protocol, before anybody else gets that: to log in, say, or to see whether the server is well. It may
   * return a Deferred or promise, which is waited for. If it fails, the connection is closed, and counts as an attempt that failed. (In
   * Twisted the rejected connection stays open, unless the hook closes it.)
   */
  prepareConnection?: ((protocol: P) => unknown) | undefined;
  /**
   * Seconds until an attempt is given up with a `ConnectTimeoutError`, `prepareConnection` included. The endpoint has a timeout of its own, for
   * the dial alone. Twisted has no such bound.
   *
   * @default {Infinity}
   */
  attemptTimeout?: number | undefined;
  /**
   * Seconds that a connection has to last for the count of failures to begin anew. With more than 0, a server that accepts and then
   * hangs up is not asked again and again after the first, shortest wait, as it is in Twisted.
   *
   * @default {0}
   */
  stableAfter?: number | undefined;
  /**
   * The most calls of `whenConnected()` that wait at a time: one more fails with `TooManyWaiters`. `Infinity` lifts the limit. Twisted has
   * no such limit.
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
 * Keeps one connection to a server: opens it, and opens it again whenever it fails or is lost, until it is stopped. Twisted's
 * `twisted.application.internet.ClientService`.
 *
 * - **Waits** between attempts are the retry policy's, which is told how many have failed in a row. A connection that is lost counts as
 *   the first.
 * - **`whenConnected()`** gives the protocol of the current connection, or of the next.
 * - **One at a time.** There is never more than one attempt or connection; a new one waits until the last one is gone.
 * - **Again.** It can be started again when it has been stopped, and while it stops. The count of failures begins anew.
 *
 * `client_lifecycle.ts` has its states as a table.
 *
 * @typeParam P The protocols that the factory makes.
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
  /** The current connection's, while there is one. */
  #protocol: P | null = null;
  #connectedAt: number | null = null;
  #failures = 0;
  /** Who waits for a connection, each with the failures that it bears. */
  readonly #connectWaiters = new Map<Deferred<P>, number>();
  readonly #stopWaiters = new StopWaiters();

  /**
   * Makes a service that does not connect yet.
   *
   * @param endpoint Where it connects to.
   * @param factory What makes the protocols.
   * @param options How it connects; `clock` is needed.
   * @throws {RangeError} when a time is negative or NaN, or `maxWaiting` not a whole number.
   * @throws {TypeError} when the factory is not a factory.
   */
  constructor(
    endpoint: IStreamClientEndpoint,
    factory: ITypedProtocolFactory<P>,
    options: ClientServiceOptions<P>,
  ) {
    super();
    checkEndpoint("make a ClientService", endpoint, "connect");
    checkFactory("make a ClientService", factory);
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
    if (attemptTimeout !== undefined && attemptTimeout !== Infinity) {
      checkDelay("ClientService() attemptTimeout", attemptTimeout);
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
    if (timeout !== Infinity) checkDelay("whenConnected() timeout", timeout);
    if (signal?.aborted) return fail(abortedError(new CancelledError(), signal.reason));
    const waiter = this.#wait(failAfterFailures);
    if (timeout !== Infinity && !waiter.called) {
      waiter.addTimeout(timeout, this.#clock, () => {
        throw new TimeoutError(`${nameOf(this)} did not connect within ${timeout} s`);
      });
    }
    return signal === undefined ? waiter : waiter.addSignal(signal);
  }

  #wait(failAfterFailures: number): Deferred<P> {
    if (this.#protocol !== null) return succeed(this.#protocol);
    if (this.#state === "stopped") return fail(this.#stoppedError());
    if (this.#connectWaiters.size >= this.#maxWaiting) {
      const limit = this.#maxWaiting;
      return fail(
        new TooManyWaiters(
          `Cannot wait for a connection of ${this}: ${limit} others wait, the most`,
        ),
      );
    }
    const waiter = new Deferred<P>(() => this.#connectWaiters.delete(waiter));
    this.#connectWaiters.set(waiter, failAfterFailures);
    return waiter;
  }

  /** Connects. If it runs already, that is logged and nothing else. */
  override startService(): void {
    if (this.running) {
      warn(`Duplicate ClientService.startService ${nameOf(this)}`);
      return;
    }
    super.startService();
    this.#failures = 0;
    this.#on("start");
  }

  /**
   * Ends the wait, the attempt or the connection, whichever there is, and makes no other.
   *
   * @returns A Deferred that fires when nothing is left: at once, or when the connection is lost.
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
    // Who waits if this is a restart: what was to be stopped is gone.
    const tellStopped = this.#stopWaiters.take();
    this.#attempt = new ClientAttempt(this.#settings, {
      connected: (protocol) => this.#connected(protocol),
      failed: (reason) => this.#failed(reason),
      over: (reason) => this.#on("over", reason),
    });
    this.#attempt.begin();
    tellStopped();
  }

  #connected(protocol: P): void {
    this.#on("connected");
    this.#protocol = protocol;
    this.#connectedAt = this.#clock.seconds();
    this.#tell([...this.#connectWaiters.keys()], (waiter) => waiter.callback(protocol));
  }

  /** An attempt has failed: those who bear no other are told. */
  #failed(reason: Error): void {
    const due: Deferred<P>[] = [];
    for (const [waiter, bears] of this.#connectWaiters) {
      if (bears === 1) due.push(waiter);
      else this.#connectWaiters.set(waiter, bears - 1);
    }
    this.#tell(due, (waiter) => waiter.errback(reason));
  }

  #scheduleRetry(reason: Error | undefined): void {
    this.#attempt = null;
    this.#countFailure();
    const delay = this.#nextDelay();
    // The policy may have stopped it, and started it, too.
    if (this.#state !== "waiting" || this.#retry !== null) return;
    this.#retry = this.#clock.callLater(delay, () => this.#on("retry"));
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
    try {
      const why = `While calling the retryPolicy of ${nameOf(this)}`;
      const delay = atOnce("retryPolicy()", this.#retryPolicy(this.#failures), why);
      checkDelay("retryPolicy() result", delay);
      return delay;
    } catch (error) {
      err(error, `The retryPolicy of ${nameOf(this)} failed: waiting as by default`);
      return backoffPolicy()(this.#failures);
    }
  }

  #stopped(): void {
    this.#retry?.cancel();
    this.#retry = this.#attempt = this.#connectedAt = null;
    const tellStopped = this.#stopWaiters.take();
    const error = this.#stoppedError();
    this.#tell([...this.#connectWaiters.keys()], (waiter) => waiter.errback(error));
    tellStopped();
  }

  #tell(waiters: Deferred<P>[], tell: (waiter: Deferred<P>) => void): void {
    for (const waiter of waiters) this.#connectWaiters.delete(waiter);
    // Who is told may cancel another.
    for (const waiter of waiters) if (!waiter.called) tell(waiter);
  }

  #stoppedError(): CancelledError {
    return new CancelledError(`${nameOf(this)} has been stopped: it does not connect`);
  }
}
