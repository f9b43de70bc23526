import { asError } from "../defer/guarded_call.ts";
import { CancelledError, Deferred } from "../defer/mod.ts";
import type { EndpointOptions, IStreamServerEndpoint } from "../reactor/interfaces/endpoint.ts";
import { listening } from "../endpoints/listening.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { CannotListenError } from "../reactor/errors.ts";
import type { Address, IProtocolFactory } from "../reactor/interfaces/mod.ts";
import { Clock } from "../task/mod.ts";
import { FakePort, type FakePortOptions } from "./fake_port.ts";

/** Options of a {@linkcode ManualServerEndpoint}. */
export interface ManualServerEndpointOptions {
  /**
   * The address of the endpoint.
   *
   * @default {192.0.2.1:2000}
   */
  address?: Address | undefined;
  /**
   * The clock of the deadlines of `drain()`.
   *
   * @default {new Clock()}
   */
  clock?: Clock | undefined;
  /**
   * Whether `stopListening()` of a port stays pending until the test calls
   * {@linkcode FakePort.completeClosing}.
   *
   * @default {false}
   */
  holdsClosing?: boolean | undefined;
  /**
   * Called in `listen()` with the new attempt, which it may complete at once. An error that it
   * throws fails the attempt.
   */
  listening?: ((attempt: ManualListen) => void) | undefined;
  /**
   * Called when an attempt is cancelled. It may complete the attempt. If it does not, the attempt
   * fails with `CancelledError`.
   */
  cancelled?: ((attempt: ManualListen) => void) | undefined;
}

/** One call of `listen()` of a {@linkcode ManualServerEndpoint}, which the test completes. */
export class ManualListen {
  /** The factory that was passed to `listen()`. */
  readonly factory: IProtocolFactory;
  /** A Deferred that fires with the port. */
  readonly result: Deferred<FakePort>;
  readonly #call: FakePortOptions<Address, unknown>;
  #isCancelled = false;
  #port: FakePort | null = null;

  /**
   * Called by `listen()` of the endpoint.
   *
   * @param call The arguments of the port.
   * @param cancelled Called when the attempt is cancelled.
   */
  constructor(
    call: FakePortOptions<Address, unknown>,
    cancelled?: (attempt: ManualListen) => void,
  ) {
    this.factory = call.factory;
    this.#call = call;
    this.result = new Deferred<FakePort>((result) => {
      this.#isCancelled = true;
      cancelled?.(this);
      if (!result.called) {
        result.errback(new CancelledError(`Listening on ${call.address} was cancelled`));
      }
    });
  }

  /** Whether neither `succeed()` nor `fail()` has been called, and the attempt is not cancelled. */
  get isPending(): boolean {
    return !this.result.called;
  }

  /** Whether the attempt has been cancelled, through its Deferred or its signal. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** The port; `null` before it listens. */
  get port(): FakePort | null {
    return this.#port;
  }

  /**
   * Listens: starts the factory, and fires the Deferred with a port. If the factory cannot be
   * started, the Deferred fails, as on a reactor.
   *
   * @returns The port. The test connects clients with `FakePort.connect()`.
   * @throws {Error} If the attempt is not pending.
   */
  succeed(): FakePort {
    this.#checkPending("succeed");
    const port = new FakePort(this.#call);
    this.#port = port;
    try {
      port.startListening();
    } catch (error) {
      this.result.errback(asError(error));
      return port;
    }
    this.result.callback(port);
    return port;
  }

  /**
   * Fails the Deferred.
   *
   * @param reason The error. @default {a `CannotListenError` with the code `EADDRINUSE`}
   * @throws {Error} If the attempt is not pending.
   */
  fail(reason?: Error): void {
    this.#checkPending("fail");
    this.result.errback(reason ?? this.#addressInUse());
  }

  #addressInUse(): CannotListenError {
    const cause = new Error("the address is in use");
    return new CannotListenError(this.#call.address, { code: "EADDRINUSE", cause });
  }

  #checkPending(action: string): void {
    if (this.isPending) return;
    throw new Error(
      `Cannot ${action} the attempt to listen on ${this.#call.address}: it is not pending`,
    );
  }
}

/**
 * A server endpoint whose attempts to listen the test completes by hand, for tests of services that
 * listen, stop, and start again.
 *
 * Each call of `listen()` adds an attempt, which stays pending until the test calls `succeed()` or
 * `fail()` of it. The ports are those of a {@linkcode MemoryReactor}: the test connects clients
 * with `FakePort.connect()`. {@linkcode MemoryEndpoints} has a server endpoint that listens at once
 * and makes real connections.
 *
 * @example
 * ```ts
 * import { StreamServerEndpointService } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 * import { ManualServerEndpoint } from "@torsion/reactor/testing";
 *
 * const endpoint = new ManualServerEndpoint({ holdsClosing: true });
 * const factory = Factory.forProtocol(Protocol);
 * const service = new StreamServerEndpointService(endpoint, factory);
 * service.startService();
 * const port = endpoint.attempt().succeed();
 * service.stopService().addCallback(() => console.log("stopped"));
 * console.log(port.isListening, port.isClosing); // false true
 * port.completeClosing(); // stopped
 * ```
 */
export class ManualServerEndpoint implements IStreamServerEndpoint {
  /** The attempts, one for each call of `listen()`, in their order. */
  readonly attempts: ManualListen[] = [];
  readonly #options: ManualServerEndpointOptions;
  readonly #address: Address;
  readonly #clock: Clock;

  /**
   * Creates an endpoint without attempts.
   *
   * @param options The address, and functions that complete attempts.
   */
  constructor(options: ManualServerEndpointOptions = {}) {
    const { address = new IPv4Address("TCP", "192.0.2.1", 2000), clock = new Clock() } = options;
    this.#options = options;
    this.#address = address;
    this.#clock = clock;
  }

  listen(factory: IProtocolFactory, options?: EndpointOptions): Deferred<FakePort> {
    return listening(this, () => this.#listen(factory), options);
  }

  /**
   * Returns an attempt.
   *
   * @param index The index of the attempt; a negative number counts from the end.
   * @returns The attempt; by default, the last one.
   * @throws {RangeError} If there is no such attempt.
   */
  attempt(index: number = -1): ManualListen {
    const attempt = this.attempts.at(index);
    if (attempt === undefined) {
      throw new RangeError(
        `Cannot return the attempt ${index}: listen() was called ${this.attempts.length} times`,
      );
    }
    return attempt;
  }

  /** Returns the address of the endpoint. */
  toString(): string {
    return String(this.#address);
  }

  #listen(factory: IProtocolFactory): Deferred<FakePort> {
    const { holdsClosing, cancelled } = this.#options;
    const call = { address: this.#address, clock: this.#clock, factory, options: {}, holdsClosing };
    const attempt = new ManualListen(call, cancelled);
    this.attempts.push(attempt);
    try {
      this.#options.listening?.(attempt);
    } catch (error) {
      attempt.fail(asError(error));
    }
    return attempt.result;
  }
}
