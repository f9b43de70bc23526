import { checkDelay, checkFinite } from "../internal/validation.ts";
import { msg } from "../log/mod.ts";
import { NotConnectingError } from "../reactor/errors.ts";
import type { IConnector, IDelayedCall, IProtocol } from "../reactor/interfaces/mod.ts";
import { ClientFactory } from "./factory.ts";
import type { TimerClock } from "./policies/timer_clock.ts";

/**
 * A client factory that connects again when an attempt fails or the connection is lost, after a
 * delay that grows exponentially. Twisted's `ReconnectingClientFactory`.
 *
 * A protocol calls {@linkcode resetDelay} when it has connected and the server has accepted it.
 * `ClientService` of `@torsion/reactor/endpoints` does the same over any endpoint, resets the delay
 * by itself, and is the better choice for a new program.
 *
 * @typeParam P The protocols that it builds.
 *
 * @example
 * ```ts
 * import { Protocol, ReconnectingClientFactory } from "@torsion/reactor/protocol";
 * import { MemoryReactor } from "@torsion/reactor/testing";
 *
 * class Client extends Protocol<ClientFactory> {
 *   override connectionMade() {
 *     this.factory.resetDelay();
 *   }
 * }
 *
 * class ClientFactory extends ReconnectingClientFactory<Client> {
 *   override protocol = Client;
 *   override maxDelay = 60;
 * }
 *
 * const reactor = new MemoryReactor(); // a program uses its own reactor
 * reactor.connectTCP("example.org", 4000, new ClientFactory());
 * ```
 */
export class ReconnectingClientFactory<P extends IProtocol = IProtocol> extends ClientFactory<P> {
  /** The maximum delay in seconds, before jitter is applied. */
  maxDelay = 3600;
  /** Seconds from which the delay grows. The first delay is this times {@linkcode factor}. */
  initialDelay = 1;
  /** The ratio of each delay to the one before. */
  factor: number = Math.E;
  /**
   * The standard deviation of a delay, as a fraction of the delay, so that the clients of one
   * server do not all reconnect at the same time; 0 for exact delays.
   */
  jitter = 0.119626565582;
  /**
   * The number of attempts in a row after which the factory gives up; `null` for no limit.
   */
  maxRetries: number | null = null;
  /** The clock of the delays; `null` for that of the connector's reactor. */
  clock: TimerClock | null = null;
  /** The last delay in seconds; `null` for {@linkcode initialDelay}, before the first one. */
  delay: number | null = null;
  /** The number of retries since the last {@linkcode resetDelay}. */
  retries = 0;
  /** Whether the factory connects again. {@linkcode stopTrying} sets it to `false`. */
  continueTrying = true;
  /** The connector of the last failed attempt or lost connection. */
  connector: IConnector | null = null;
  #pending: IDelayedCall | null = null;

  /** Connects again after a delay, unless {@linkcode stopTrying} was called. */
  override clientConnectionFailed(connector: IConnector, _reason: Error): void {
    this.#ended(connector);
  }

  /** Connects again after a delay, unless {@linkcode stopTrying} was called. */
  override clientConnectionLost(connector: IConnector, _reason: Error): void {
    this.#ended(connector);
  }

  #ended(connector: IConnector): void {
    if (!this.continueTrying) return;
    this.connector = connector;
    this.retry();
  }

  /**
   * Schedules the next attempt. Has no effect after {@linkcode stopTrying} and after
   * {@linkcode maxRetries} retries.
   *
   * @param connector The connector; by default that of the last failure.
   * @throws {Error} when there is no connector, or no clock.
   * @throws {RangeError | TypeError} when a setting of the delay is not a number in its range.
   */
  retry(connector: IConnector | null = this.connector): void {
    if (!this.continueTrying) return this.#log("Does not connect again after stopTrying()");
    if (connector === null) {
      throw new Error(
        `Cannot retry a connection of ${this.constructor.name}: it has no connector; ` +
          "pass the connector, or call retry() after a failure",
      );
    }
    const destination = connector.getDestination();
    this.retries++;
    if (this.maxRetries !== null && this.retries > this.maxRetries) {
      return this.#log(`Abandons ${destination} after ${this.maxRetries} retries`);
    }
    const clock = this.clock ?? connector.clock;
    if (clock === undefined) {
      throw new Error(
        `Cannot connect again to ${destination}: the connector has no clock; ` +
          `set \`clock\` of ${this.constructor.name}`,
      );
    }
    this.delay = this.#nextDelay();
    this.#log(`Connects to ${destination} again in ${this.delay.toFixed(1)} seconds`);
    this.#pending?.cancel();
    this.#pending = clock.callLater(this.delay, () => {
      this.#pending = null;
      // The application may have called connect() itself.
      if (connector.state === "disconnected") connector.connect();
    });
  }

  /** Stops trying: cancels the scheduled attempt, and the attempt in progress. */
  stopTrying(): void {
    this.#pending?.cancel();
    this.#pending = null;
    this.continueTrying = false;
    try {
      this.connector?.stopConnecting();
    } catch (error) {
      if (!(error instanceof NotConnectingError)) throw error;
    }
  }

  /** Resets the delay and the number of retries. Call it after a successful connection. */
  resetDelay(): void {
    this.delay = null;
    this.retries = 0;
    this.continueTrying = true;
  }

  #nextDelay(): number {
    const name = this.constructor.name;
    checkDelay(`${name}.initialDelay`, this.initialDelay);
    checkDelay(`${name}.maxDelay`, this.maxDelay);
    checkFinite(`${name}.factor`, this.factor);
    checkFinite(`${name}.jitter`, this.jitter);
    const delay = Math.min((this.delay ?? this.initialDelay) * this.factor, this.maxDelay);
    return Math.max(0, delay + delay * this.jitter * normalVariate());
  }

  #log(line: string): void {
    if (this.noisy) msg(line, { system: this.constructor.name });
  }
}

/** Returns a number of the standard normal distribution, by the method of Box and Muller. */
function normalVariate(): number {
  // Math.random() may return 0, whose logarithm is infinite.
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
