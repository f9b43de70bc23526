import { atOnce } from "../../defer/guarded_call.ts";
import { checkFunction, checkPeriod, checkRate, checkTimeout } from "../../internal/validation.ts";
import { ConnectionAborted } from "../../reactor/errors.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type { IProtocol, WriteOptions } from "../../reactor/interfaces/mod.ts";
import { AsyncResults } from "../async_results.ts";
import { ProtocolWrapper } from "./protocol_wrapper.ts";
import { PausableTimeout } from "./pausable_timeout.ts";
import { type TimedPolicyOptions, type TimerClock, timerClock } from "./timer_clock.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

/** Options of a {@linkcode SlowPeerGuard}. */
export interface SlowPeerGuardOptions<P extends IProtocol> extends TimedPolicyOptions {
  /**
   * The number of bytes per second that the peer must send while it sends a message, on average
   * over each {@linkcode window}.
   *
   * @default {undefined} No minimum.
   */
  minRate?: number | undefined;
  /**
   * Seconds over which {@linkcode minRate} is measured, more than 0.
   *
   * @default {10}
   */
  window?: number | undefined;
  /**
   * Seconds until the peer must have sent its first complete message.
   *
   * @default {Infinity}
   */
  firstMessageTimeout?: number | undefined;
  /**
   * Returns whether the protocol waits for the peer's next message, with no part of it received. It
   * is called after each chunk.
   *
   * @default {undefined} A message is complete when the protocol writes something after it has
   *   received something.
   */
  isWaiting?: ((protocol: P) => boolean) | undefined;
}

/** The reason of a connection that a {@linkcode SlowPeerGuard} aborted. */
export class SlowPeerTimeout extends ConnectionAborted {
  /** The limit: `minRate` or `firstMessageTimeout`. */
  readonly limit: "minRate" | "firstMessageTimeout";
  /** The number of bytes that the peer sent in the window, or since the connection was made. */
  readonly received: number;
  /** The duration of the window or of the timeout, in seconds. */
  readonly seconds: number;

  /**
   * Creates the error.
   *
   * @param limit The limit that the peer violated.
   * @param received The number of bytes that the peer sent.
   * @param seconds The time in which the peer sent them.
   * @param address The peer's address.
   */
  constructor(limit: SlowPeerTimeout["limit"], received: number, seconds: number, address: string) {
    const why = limit === "minRate"
      ? `the peer sent ${received} bytes of a message in ${seconds} s, fewer than minRate requires`
      : `the peer sent ${received} bytes and no complete message in ${seconds} s`;
    super(
      `Connection to ${address} was aborted: ${why}`,
      { code: "ETIMEDOUT", address },
    );
    this.limit = limit;
    this.received = received;
    this.seconds = seconds;
  }
}

/**
 * A connection of a {@linkcode SlowPeerGuard}.
 *
 * @typeParam P The wrapped protocol.
 */
export class SlowPeerProtocol<P extends IProtocol = IProtocol>
  extends ProtocolWrapper<P, SlowPeerGuard<P>> {
  #window: PausableTimeout | null = null;
  #first: PausableTimeout | null = null;
  /** The bytes received in this window, and since the connection was made. */
  #inWindow = 0;
  #total = 0;
  /** Whether the protocol has written since the last chunk arrived. */
  #hasWritten = false;
  #isPaused = false;
  /** The number of wrappers that hold back the input. */
  #holders = 0;

  /** Prepares the measurement of the rate, and starts the timeout of the first message. */
  override connectionMade(): void {
    const { clock, window, minRate, firstMessageTimeout } = this.factory;
    const ownClock = timerClock(`guard ${this.constructor.name}`, clock, this.transport);
    if (minRate !== null) {
      this.#window = new PausableTimeout(ownClock, window, () => this.#windowEnded(minRate));
    }
    if (firstMessageTimeout === Infinity) return;
    this.#first = new PausableTimeout(ownClock, firstMessageTimeout, () => {
      this.#abort("firstMessageTimeout", this.#total, firstMessageTimeout);
    });
    this.#first.start();
  }

  /** Counts the data, passes it on, and starts or stops the measurement. */
  override dataReceived(data: Uint8Array): void {
    this.#inWindow += data.length;
    this.#total += data.length;
    this.#hasWritten = false;
    const results = new AsyncResults("Error while calling dataReceived");
    results.add(super.dataReceived(data));
    if (this.#isWaiting()) this.#messageCompleted();
    else if (!this.#window?.isActive) this.#startWindow(data.length);
    // If dataReceived() is async, the result is a promise, although the interface declares void.
    return results.combined() as void;
  }

  /** Writes the data, and counts it as an answer to the peer, unless `isWaiting` decides. */
  override write(data: Uint8Array | string, options?: WriteOptions): void {
    super.write(data, options);
    this.#wrote();
  }

  /** Writes the pieces, and counts them as an answer to the peer, unless `isWaiting` decides. */
  override writeSequence(data: Iterable<Uint8Array | string>): void {
    super.writeSequence(data);
    this.#wrote();
  }

  /** Pauses the time of the limits, and the connection. */
  override pauseProducing(): void {
    this.#isPaused = true;
    this.#updatePause();
    super.pauseProducing();
  }

  /** Resumes the time of the limits, unless input is held back, and the connection. */
  override resumeProducing(): void {
    this.#isPaused = false;
    this.#updatePause();
    super.resumeProducing();
  }

  /** Pauses the time of the limits while a wrapper holds back input, and passes the call on. */
  override inputHeld(isHeld: boolean): void {
    this.#holders += isHeld ? 1 : -1;
    this.#updatePause();
    super.inputHeld(isHeld);
  }

  /** Stops the measurement of the rate, and passes the loss on. */
  override readConnectionLost(): void {
    this.#window?.stop();
    return super.readConnectionLost();
  }

  /** Stops the timers of both limits, and passes the loss on. */
  override connectionLost(reason: Error): void {
    this.#window?.stop();
    this.#first?.stop();
    return super.connectionLost(reason);
  }

  #updatePause(): void {
    const isPaused = this.#isPaused || this.#holders > 0;
    this.#window?.pause(isPaused);
    this.#first?.pause(isPaused);
  }

  #isWaiting(): boolean {
    const { isWaiting } = this.factory;
    if (isWaiting === null) return this.#hasWritten;
    const why = `Error while calling isWaiting for ${this.getPeer()}`;
    return atOnce("isWaiting()", isWaiting(this.wrappedProtocol), why);
  }

  #wrote(): void {
    this.#hasWritten = true;
    // The answer to a message may be written later than in dataReceived().
    if (this.factory.isWaiting === null && this.#total > 0) this.#messageCompleted();
  }

  #messageCompleted(): void {
    this.#window?.stop();
    this.#first?.stop();
  }

  /** Begins to measure, with the chunk that has just arrived. */
  #startWindow(chunk: number): void {
    this.#inWindow = chunk;
    this.#window?.start();
  }

  #windowEnded(minRate: number): void {
    const { window } = this.factory;
    if (this.#inWindow < minRate * window) this.#abort("minRate", this.#inWindow, window);
    else this.#startWindow(0);
  }

  #abort(limit: SlowPeerTimeout["limit"], received: number, seconds: number): void {
    const reason = new SlowPeerTimeout(limit, received, seconds, String(this.getPeer()));
    this.abortConnection(reason);
  }
}

/**
 * Aborts connections of peers that send too slowly, with {@linkcode SlowPeerTimeout}. Twisted has
 * no equivalent.
 *
 * An attacker can occupy a server with connections on which a message arrives byte by byte:
 * `idleTimeout` does not end them. The guard has two limits. From the first byte of a message to
 * its last one, the peer must send at least `minRate` bytes per second, on average over each
 * `window`. And the first message must be complete within `firstMessageTimeout` seconds. A peer may
 * be silent between messages for as long as `idleTimeout` allows. Time in which this side has
 * paused the connection does not count.
 *
 * A message counts as complete when the protocol answers it. For a protocol that does not answer
 * each message, pass {@linkcode SlowPeerGuardOptions.isWaiting}. A peer that does not *read* is the
 * subject of the option `writeStallTimeout` of ports and connections.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts
 * import { Factory, Protocol, SlowPeerGuard } from "@torsion/reactor/protocol";
 *
 * const factory = new SlowPeerGuard(Factory.forProtocol(Protocol), {
 *   minRate: 500,
 *   firstMessageTimeout: 20,
 * });
 * ```
 */
export class SlowPeerGuard<P extends IProtocol = IProtocol>
  extends WrappingFactory<P, SlowPeerProtocol<P>> {
  /** The minimum rate in bytes per second; `null` for none. */
  readonly minRate: number | null;
  /** Seconds over which the rate is measured. */
  readonly window: number;
  /** Seconds until the first message must be complete. */
  readonly firstMessageTimeout: number;
  /** Returns whether a protocol waits for the next message; `null` if its writes decide. */
  readonly isWaiting: ((protocol: P) => boolean) | null;
  /** The clock; `null` for that of each connection. */
  readonly clock: TimerClock | null;

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param options The limits, and the clock.
   * @throws {RangeError | TypeError} when an option is out of range.
   */
  constructor(wrappedFactory: ITypedProtocolFactory<P>, options: SlowPeerGuardOptions<P> = {}) {
    super(wrappedFactory);
    const { minRate, window = 10, firstMessageTimeout = Infinity, isWaiting } = options;
    if (minRate !== undefined) checkMinRate(minRate);
    checkPeriod("window", window);
    checkTimeout("firstMessageTimeout", firstMessageTimeout);
    if (isWaiting !== undefined) checkFunction("SlowPeerGuard() isWaiting", isWaiting);
    this.minRate = minRate ?? null;
    this.window = window;
    this.firstMessageTimeout = firstMessageTimeout;
    this.isWaiting = isWaiting ?? null;
    this.clock = options.clock ?? null;
  }

  /** Makes the {@linkcode SlowPeerProtocol} of a protocol. */
  override wrapProtocol(protocol: P): SlowPeerProtocol<P> {
    return new SlowPeerProtocol(this, protocol);
  }
}

function checkMinRate(minRate: number): void {
  checkRate("minRate", minRate);
  if (minRate === Infinity) throw new RangeError("minRate must be finite, got Infinity");
}
