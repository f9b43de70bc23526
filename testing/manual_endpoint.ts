import { connectUntilAborted } from "../endpoints/connect_until_aborted.ts";
import type { Deferred } from "../defer/mod.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import type { Address, ConnectionOptions, IProtocol } from "../reactor/interfaces/mod.ts";
import { IOPump, loopOf } from "./io_pump.ts";
import { abandon, loseAll, ManualAttempt } from "./manual_attempt.ts";
import { memoryLink, type MemoryLinkOptions } from "./memory_link.ts";

/** Options of a {@linkcode ManualEndpoint}. */
export interface ManualEndpointOptions extends MemoryLinkOptions {
  /**
   * The pump that moves the bytes of the connections.
   *
   * @default {new IOPump()}
   */
  pump?: IOPump | undefined;
  /**
   * The address of the endpoint.
   *
   * @default {192.0.2.2:2222}
   */
  address?: Address | undefined;
  /** Limits and timeouts of the connections. */
  connectionOptions?: ConnectionOptions | undefined;
  /**
   * Called in `connect()` with the new attempt, which it may complete at once. An error that it
   * throws is thrown by `connect()`, as a faulty endpoint does.
   */
  connecting?: ((attempt: ManualAttempt) => void) | undefined;
  /**
   * Called when an attempt is cancelled. It may complete the attempt. If it does not, the attempt
   * fails with `ConnectingCancelledError`.
   */
  cancelled?: ((attempt: ManualAttempt) => void) | undefined;
  /**
   * Whether `loseConnection()` calls `connectionLost` at once, as transports of other libraries may
   * do. The library's own connections never do so within a call of the protocol.
   *
   * @default {false}
   */
  losesAtOnce?: boolean | undefined;
}

/**
 * A client endpoint whose attempts the test completes by hand, for tests of clients that reconnect,
 * give up, or cancel. Twisted's `twisted.test.iosim.connectableEndpoint`.
 *
 * Each call of `connect()` adds an attempt, which stays pending until the test calls `succeed()` or
 * `fail()` of it. A connection is a real one, in memory, to a {@linkcode TestPeer}.
 *
 * @example
 * ```ts
 * import { Clock, ClientService, Factory, Protocol } from "@torsion/reactor";
 * import { ManualEndpoint } from "@torsion/reactor/testing";
 *
 * const clock = new Clock();
 * using endpoint = new ManualEndpoint();
 * const service = new ClientService(endpoint, Factory.forProtocol(Protocol), {
 *   clock,
 *   retryPolicy: () => 10,
 * });
 * service.startService();
 * endpoint.attempt().fail(new Error("no route"));
 * clock.advance(10); // the service tries again
 * endpoint.attempt().succeed();
 * console.log(endpoint.attempts.length, endpoint.attempt().isOpen); // 2 true
 * service.stopService();
 * endpoint.pump.flush();
 * console.log(endpoint.attempt().isOpen); // false
 * ```
 */
export class ManualEndpoint implements IStreamClientEndpoint, Disposable {
  /** The attempts, one for each call of `connect()`, in their order. */
  readonly attempts: ManualAttempt[] = [];
  /** The pump that moves the bytes of the connections. */
  readonly pump: IOPump;
  readonly #options: ManualEndpointOptions;
  readonly #address: Address;

  /**
   * Creates an endpoint without attempts.
   *
   * @param options The pump, the address, and functions that complete attempts.
   * @throws {RangeError | TypeError} If an option is out of range.
   */
  constructor(options: ManualEndpointOptions = {}) {
    const { pump = new IOPump(), address = new IPv4Address("TCP", "192.0.2.2", 2222) } = options;
    memoryLink(options);
    this.pump = pump;
    this.#options = options;
    this.#address = address;
  }

  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    const attempt = new ManualAttempt(factory, {
      ...this.#options,
      loop: loopOf(this.pump),
      address: this.#address,
    });
    this.attempts.push(attempt);
    try {
      this.#options.connecting?.(attempt);
    } catch (error) {
      abandon(attempt);
      throw error;
    }
    // The cast is safe: the factory of the attempt has built the protocol.
    return connectUntilAborted(() => attempt.result as Deferred<P>, options);
  }

  /**
   * Returns an attempt.
   *
   * @param index The index of the attempt; a negative number counts from the end.
   * @returns The attempt; by default, the last one.
   * @throws {RangeError} If there is no such attempt.
   */
  attempt(index: number = -1): ManualAttempt {
    const attempt = this.attempts.at(index);
    if (attempt === undefined) {
      throw new RangeError(
        `Cannot return the attempt ${index}: connect() was called ${this.attempts.length} times`,
      );
    }
    return attempt;
  }

  /** Returns the address of the endpoint. */
  toString(): string {
    return String(this.#address);
  }

  /** Loses all open connections. */
  [Symbol.dispose](): void {
    for (const attempt of this.attempts) loseAll(attempt);
  }
}
