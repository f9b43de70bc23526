import { checkDelay } from "../../internal/validation.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type { IDelayedCall, IProtocol, WriteOptions } from "../../reactor/interfaces/mod.ts";
import { callMethod } from "../guarded_method.ts";
import { ProtocolWrapper } from "./protocol_wrapper.ts";
import { type TimedPolicyOptions, type TimerClock, timerClock } from "./timer_clock.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

/** Half an hour, in seconds, as in Twisted. */
const DEFAULT_PERIOD = 30 * 60;

/**
 * Closes a connection on which nothing was sent or received for some time. Made by a
 * {@linkcode TimeoutFactory}. Twisted's `TimeoutProtocol`.
 *
 * @typeParam P The wrapped protocol.
 */
export class TimeoutProtocol<P extends IProtocol = IProtocol>
  extends ProtocolWrapper<P, TimeoutFactory<P>> {
  /** The timed call of the timeout; `null` without a timeout. */
  timeoutCall: IDelayedCall | null = null;
  /** Seconds until the timeout; `null` without a timeout. */
  timeoutPeriod: number | null;

  /**
   * Creates a wrapper. Its timeout starts when the connection is made.
   *
   * @param factory The factory that makes the wrapper.
   * @param wrappedProtocol The protocol.
   * @param timeoutPeriod Seconds until the timeout; `null` for none.
   */
  constructor(factory: TimeoutFactory<P>, wrappedProtocol: P, timeoutPeriod: number | null) {
    super(factory, wrappedProtocol);
    this.timeoutPeriod = timeoutPeriod;
  }

  /**
   * Sets or removes the timeout, which starts at once.
   *
   * @param timeoutPeriod Seconds until {@linkcode timeoutFunc} is called; `null` for never.
   * @throws {TypeError | RangeError} when the period is not a delay.
   */
  setTimeout(timeoutPeriod: number | null = null): void {
    if (timeoutPeriod !== null) checkDelay("setTimeout() timeoutPeriod", timeoutPeriod);
    this.cancelTimeout();
    this.timeoutPeriod = timeoutPeriod;
    if (timeoutPeriod === null) return;
    this.timeoutCall = this.callLater(timeoutPeriod, () => {
      callMethod("timeoutFunc", this.transport, () => this.timeoutFunc());
    });
  }

  /** Removes the timeout, if there is one. */
  cancelTimeout(): void {
    this.timeoutPeriod = null;
    if (this.timeoutCall?.active()) this.timeoutCall.cancel();
    this.timeoutCall = null;
  }

  /** Starts the time again, because something was sent or received. */
  resetTimeout(): void {
    if (this.timeoutPeriod !== null && this.timeoutCall?.active()) {
      this.timeoutCall.reset(this.timeoutPeriod);
    }
  }

  /** Called when the time is over. By default it closes the connection. */
  timeoutFunc(): void {
    this.loseConnection();
  }

  /**
   * Makes a timed call, on the clock of the factory or of the connection. In Twisted, the factory
   * has this method.
   *
   * @param period The delay in seconds.
   * @param f The function to call.
   * @returns The timed call.
   */
  callLater(period: number, f: () => void): IDelayedCall {
    const doing = `set a timeout of ${this.constructor.name}`;
    return timerClock(doing, this.factory.clock, this.transport).callLater(period, f);
  }

  /** Starts the timeout, if there is one. */
  override connectionMade(): void {
    this.setTimeout(this.timeoutPeriod);
  }

  /** Starts the time again, and writes the data. */
  override write(data: Uint8Array | string, options?: WriteOptions): void {
    this.resetTimeout();
    super.write(data, options);
  }

  /** Starts the time again, and writes the pieces. */
  override writeSequence(data: Iterable<Uint8Array | string>): void {
    this.resetTimeout();
    super.writeSequence(data);
  }

  /** Starts the time again, and passes the data on. */
  override dataReceived(data: Uint8Array): void {
    this.resetTimeout();
    return super.dataReceived(data);
  }

  /** Removes the timeout, and passes the loss on. */
  override connectionLost(reason: Error): void {
    this.cancelTimeout();
    return super.connectionLost(reason);
  }
}

/**
 * Closes each connection on which nothing was sent or received for some time. Twisted's
 * `TimeoutFactory`.
 *
 * The option `idleTimeout` of a port or a connection does the same without a wrapper, and aborts
 * the connection. Use this class where there is no such option, or to override
 * {@linkcode TimeoutProtocol.timeoutFunc}.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts
 * import { Factory, Protocol, TimeoutFactory } from "@torsion/reactor/protocol";
 *
 * const factory = new TimeoutFactory(Factory.forProtocol(Protocol), 60);
 * ```
 */
export class TimeoutFactory<P extends IProtocol = IProtocol>
  extends WrappingFactory<P, TimeoutProtocol<P>> {
  /** Seconds until the timeout of new connections; `null` without a timeout. */
  timeoutPeriod: number | null;
  /** The clock of the timeouts; `null` for that of each connection. */
  clock: TimerClock | null;

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param timeoutPeriod Seconds until a silent connection is closed; `null` for no timeout. The
   *   default is half an hour.
   * @param options The clock.
   * @throws {TypeError | RangeError} when the period is not a delay.
   */
  constructor(
    wrappedFactory: ITypedProtocolFactory<P>,
    timeoutPeriod: number | null = DEFAULT_PERIOD,
    options: TimedPolicyOptions = {},
  ) {
    super(wrappedFactory);
    if (timeoutPeriod !== null) checkDelay("TimeoutFactory() timeoutPeriod", timeoutPeriod);
    this.timeoutPeriod = timeoutPeriod;
    this.clock = options.clock ?? null;
  }

  /** Makes the {@linkcode TimeoutProtocol} of a protocol, with the timeout of this factory. */
  override wrapProtocol(protocol: P): TimeoutProtocol<P> {
    return new TimeoutProtocol(this, protocol, this.timeoutPeriod);
  }
}
