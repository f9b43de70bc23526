import { isError, isInstance } from "../../internal/foreign_value.ts";
import { checkEndpoint, checkFactory } from "../../reactor/lifecycle/argument_checks.ts";
import { cancelLogged } from "../../defer/cancel_all.ts";
import { abortedBefore, WaiterQueue } from "../../defer/waiter_queue.ts";
import { CancelledError, type Deferred, fail, succeed, TooManyWaiters } from "../../defer/mod.ts";
import { err } from "../../log/mod.ts";
import type { IListeningPort, IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { checkBound, checkTimeout } from "../../internal/validation.ts";
import type { EndpointOptions, IStreamServerEndpoint } from "../../reactor/interfaces/endpoint.ts";
import { nameOf } from "./service_calls.ts";
import { Service } from "./service.ts";
import { StopWaiters } from "./stop_waiters.ts";

/** Options of a {@linkcode StreamServerEndpointService}. */
export interface StreamServerEndpointServiceOptions {
  /**
   * Whether `startService()` throws an error of listening that is known at once. A later error is
   * logged. With `false`, both are logged. Twisted's `_raiseSynchronously`, which its
   * `strports.service` sets.
   *
   * @default {false}
   */
  raiseSynchronously?: boolean | undefined;
  /**
   * Seconds that open connections have to close when the service stops (see
   * `IListeningPort.drain`). After that they are aborted. With `null` they stay open, as in
   * Twisted.
   *
   * @default {null}
   */
  drain?: number | null | undefined;
  /**
   * The maximum number of calls of `whenListening()` that wait. One more fails with
   * `TooManyWaiters`; `Infinity` removes the limit.
   *
   * @default {10_000}
   */
  maxWaiting?: number | undefined;
}

/**
 * A server that listens on an endpoint while it runs. Twisted's
 * `twisted.application.internet.StreamServerEndpointService`.
 *
 * When it stops, its connections stay open until the reactor stops, unless `drain` is given. It can
 * be started again, also while it stops: it then listens once its address is free. In Twisted it
 * can be started only once.
 *
 * @example
 * ```ts no-eval
 * import { reactor, startApplication } from "@torsion/reactor";
 * import { StreamServerEndpointService, TCP4ServerEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const endpoint = new TCP4ServerEndpoint(reactor, 2000);
 * const server = new StreamServerEndpointService(endpoint, Factory.forProtocol(Protocol), {
 *   raiseSynchronously: true,
 * });
 * startApplication(reactor, server);
 * await reactor.run(); // listens until Ctrl-C
 * ```
 */
export class StreamServerEndpointService extends Service {
  readonly #endpoint: IStreamServerEndpoint;
  readonly #factory: IProtocolFactory;
  readonly #raiseSynchronously: boolean;
  readonly #drain: number | null;
  readonly #maxWaiting: number;
  /**
   * Fires with the port, or with `null` if listening failed. `null` before the start and after the
   * stop.
   */
  #listening: Deferred<IListeningPort | null> | null = null;
  /** The port, or the error of listening. */
  #outcome: IListeningPort | Error | null = null;
  readonly #portWaiters = new WaiterQueue<IListeningPort>();
  readonly #stopWaiters = new StopWaiters();
  /** Starts that wait until a stop is complete. */
  readonly #startWaiters = new StopWaiters();
  #stopping = 0;
  #stopError: Error | undefined;

  /**
   * Creates a service that has not been started.
   *
   * @param endpoint The endpoint to listen on.
   * @param factory The factory that builds the protocols.
   * @param options Options of starting and stopping.
   * @throws {RangeError} when `drain` is negative or NaN, or `maxWaiting` is not a whole number.
   * @throws {TypeError} when `endpoint` is not an endpoint, or `factory` not a factory.
   */
  constructor(
    endpoint: IStreamServerEndpoint,
    factory: IProtocolFactory,
    options: StreamServerEndpointServiceOptions = {},
  ) {
    super();
    checkEndpoint("create a StreamServerEndpointService", endpoint, "listen");
    checkFactory("create a StreamServerEndpointService", factory);
    this.#endpoint = endpoint;
    this.#factory = factory;
    this.#raiseSynchronously = options.raiseSynchronously ?? false;
    this.#drain = options.drain ?? null;
    this.#maxWaiting = options.maxWaiting ?? 10_000;
    checkBound("StreamServerEndpointService() maxWaiting", this.#maxWaiting, 0);
    if (this.#drain !== null) {
      checkTimeout("StreamServerEndpointService() drain", this.#drain);
    }
  }

  /**
   * Starts to listen, unless the service listens already.
   *
   * @throws {Error} the error of listening, with `raiseSynchronously`.
   */
  override privilegedStartService(): void {
    if (this.#listening !== null) return;
    super.privilegedStartService();
    this.#outcome = null;
    let failure: Error | null = null;
    const free = this.#stopping > 0 ? this.#startWaiters.add() : succeed();
    const listening = free.addCallback(() => this.#endpoint.listen(this.#factory)).addErrback(
      (error) => {
        failure = error;
        return null;
      },
    );
    this.#listening = listening;
    this.#throwIfAtOnce(failure);
    listening.addCallback((port) => {
      if (this.#listening === listening) this.#settle(port ?? failure);
      if (failure !== null && !isInstance(failure, CancelledError)) {
        err(failure, `${nameOf(this)} cannot listen on ${nameOf(this.#endpoint)}`);
      }
      return port;
    });
  }

  /**
   * Starts to listen, unless {@linkcode privilegedStartService} was called before.
   *
   * @throws {Error} the error of listening, with `raiseSynchronously`.
   */
  override startService(): void {
    this.privilegedStartService();
    super.startService();
  }

  /**
   * Waits until the service listens. Twisted has no such method; its users read a private
   * attribute.
   *
   * @param options `signal` ends the wait when it aborts.
   * @returns A Deferred that fires with the port: at once if the service listens already. It fails
   *   with the error that prevented listening; with `TooManyWaiters` when `maxWaiting` calls wait
   *   already; with `CancelledError` when the service is stopped; and with an error that names the
   *   signal's reason when the signal aborts. Cancelling it ends this wait, and not the service.
   */
  whenListening(options: EndpointOptions = {}): Deferred<IListeningPort> {
    const { signal } = options;
    if (signal?.aborted) return abortedBefore(signal);
    if (isError(this.#outcome)) return fail(this.#outcome);
    if (this.#outcome !== null) return succeed(this.#outcome);
    const limit = this.#maxWaiting;
    if (this.#portWaiters.length < limit) return this.#portWaiters.join(signal);
    return fail(
      new TooManyWaiters(
        `Cannot wait for the port of ${this}: ` +
          `the limit of ${limit} waiting calls (maxWaiting) is reached`,
      ),
    );
  }

  /**
   * Stops listening, or cancels the attempt to listen. An error of a cancelled attempt is logged,
   * unless it is a `CancelledError`.
   *
   * @returns A Deferred that fires when the address is free again and, with `drain`, no connection
   *   is left.
   */
  override stopService(): Deferred<void> {
    const stopped = this.#stopWaiters.add();
    const listening: Deferred<IListeningPort | null> = this.#listening ?? succeed(null);
    this.#listening = null;
    // From here on, callbacks run that may start the service again. Such a start waits until this
    // stop is complete.
    this.#stopping++;
    this.#settle(
      new CancelledError(`Cannot listen with ${nameOf(this)}: the service has been stopped`),
    );
    cancelLogged(listening);
    listening.addCallback((port) => port === null ? undefined : this.#close(port)).addCallbacks(
      () => this.#stopped(),
      (error) => this.#stopped(error),
    );
    return stopped;
  }

  #close(port: IListeningPort): Deferred<unknown> {
    return this.#drain === null ? port.stopListening() : port.drain(this.#drain);
  }

  #throwIfAtOnce(failure: Error | null): void {
    if (failure === null || !this.#raiseSynchronously) return;
    this.#listening = null;
    this.#settle(failure);
    throw failure;
  }

  #settle(outcome: IListeningPort | Error | null): void {
    this.#outcome = outcome;
    for (const waiter of this.#portWaiters.takeAll()) {
      // The callback of one waiter may cancel another waiter, which has then already fired.
      if (waiter.called) continue;
      if (isError(outcome)) waiter.errback(outcome);
      else if (outcome !== null) waiter.callback(outcome);
    }
  }

  #stopped(error?: Error): void {
    this.#stopError ??= error;
    if (--this.#stopping > 0) return;
    const outcome = this.#stopError;
    this.#stopError = undefined;
    if (this.#listening === null) super.stopService();
    const fireStopped = this.#stopWaiters.take();
    this.#startWaiters.take()();
    fireStopped(outcome);
  }
}
