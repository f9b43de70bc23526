import { checkDelay } from "../../internal/validation.ts";
import type { IDelayedCall, IProtocol, ITransport } from "../../reactor/interfaces/mod.ts";
import { callMethod } from "../guarded_method.ts";
import { type TimerClock, timerClock } from "./timer_clock.ts";

/** A class of protocols: the argument of {@linkcode TimeoutMixin}. */
export type TimeoutMixinBase =
  // deno-lint-ignore no-explicit-any -- TypeScript requires any[] of the class that a mixin extends
  abstract new (...args: any[]) => IProtocol & { transport: ITransport };

/** What {@linkcode TimeoutMixin} adds to a protocol. */
export interface ProtocolTimeout {
  /** Seconds until the timeout, as last set; `null` without a timeout. */
  timeOut: number | null;
  /**
   * The clock of the timeout. With `null`, it is the clock of the reactor to which the connection
   * belongs.
   *
   * @default {null}
   */
  clock: TimerClock | null;
  /**
   * Sets or removes the timeout, which starts at once.
   *
   * @param period Seconds until {@linkcode timeoutConnection} is called; `null` for never.
   * @returns The former value of {@linkcode timeOut}.
   * @throws {TypeError | RangeError} when the period is not a delay.
   * @throws {Error} when there is no clock: before the connection is made, or with the transport of
   *   a test.
   */
  setTimeout(period: number | null): number | null;
  /**
   * Starts the time again. Call it when the peer has sent something meaningful. Has no effect
   * without a timeout, and after the timeout.
   */
  resetTimeout(): void;
  /** Called when the time is over. By default it closes the connection. */
  timeoutConnection(): void;
  /**
   * Makes a timed call. Override it, or set {@linkcode clock}, to use another clock.
   *
   * @param period The delay in seconds.
   * @param f The function to call.
   * @returns The timed call.
   */
  callLater(period: number, f: () => void): IDelayedCall;
}

/** A class with the members of {@linkcode ProtocolTimeout}. */
export type ProtocolTimeoutClass =
  // deno-lint-ignore no-explicit-any -- TypeScript requires any[] of the class that a mixin returns
  abstract new (...args: any[]) => ProtocolTimeout;

/**
 * Extends a protocol with one timeout, which the protocol sets and resets. Twisted's
 * `twisted.protocols.policies.TimeoutMixin`, as a function that makes a class, because JavaScript
 * has no multiple inheritance.
 *
 * The mixin removes the timeout when the connection is lost. A protocol that overrides
 * `connectionLost` calls `super.connectionLost(reason)`, or `this.setTimeout(null)`.
 *
 * The type of the factory is an argument of the result: `TimeoutMixin(LineReceiver)<ChatFactory>`.
 *
 * For a timeout that any byte resets, use the option `idleTimeout` of the port or the connection.
 *
 * @param Base The class of the protocol.
 * @returns The class to extend.
 *
 * @example Close the connection of a client that sends no line for a minute
 * ```ts
 * import { LineReceiver, TimeoutMixin } from "@torsion/reactor/protocol";
 *
 * class Echo extends TimeoutMixin(LineReceiver) {
 *   override connectionMade() {
 *     this.setTimeout(60);
 *   }
 *
 *   override textReceived(line: string) {
 *     this.resetTimeout();
 *     this.sendLine(line);
 *   }
 *
 *   override timeoutConnection() {
 *     this.sendLine("Too slow");
 *     super.timeoutConnection();
 *   }
 * }
 * ```
 */
export function TimeoutMixin<B extends TimeoutMixinBase>(Base: B): B & ProtocolTimeoutClass {
  abstract class TimedProtocol extends Base implements ProtocolTimeout {
    timeOut: number | null = null;
    clock: TimerClock | null = null;
    #call: IDelayedCall | null = null;

    setTimeout(period: number | null): number | null {
      if (period !== null) checkDelay("setTimeout() period", period);
      const previous = this.timeOut;
      if (period === null) this.#cancel();
      else if (this.#call?.active()) this.#call.reset(period);
      else this.#call = this.callLater(period, () => this.#timedOut());
      this.timeOut = period;
      return previous;
    }

    resetTimeout(): void {
      if (this.timeOut !== null && this.#call?.active()) this.#call.reset(this.timeOut);
    }

    timeoutConnection(): void {
      this.transport.loseConnection();
    }

    callLater(period: number, f: () => void): IDelayedCall {
      const doing = `set a timeout of ${this.constructor.name}`;
      const transport = this.clock === null ? this.transport : null;
      return timerClock(doing, this.clock, transport).callLater(period, f);
    }

    override connectionLost(reason: Error): void {
      this.#cancel();
      this.timeOut = null;
      return super.connectionLost(reason);
    }

    #cancel(): void {
      if (this.#call?.active()) this.#call.cancel();
      this.#call = null;
    }

    #timedOut(): void {
      this.#call = null;
      callMethod("timeoutConnection", this.transport, () => this.timeoutConnection());
    }
  }
  return TimedProtocol;
}
