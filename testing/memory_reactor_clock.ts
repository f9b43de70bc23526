import type { IDelayedCall, IReactor } from "../reactor/interfaces/mod.ts";
import { checkFunction } from "../internal/validation.ts";
import { MemoryReactor } from "./memory_reactor.ts";

/**
 * A {@linkcode MemoryReactor} with a `Clock` that the test moves. It has every interface of a
 * reactor, so it can be passed wherever an `IReactor` is needed. Twisted's `MemoryReactorClock`.
 *
 * The timeouts of connections and of attempts to connect do not apply.
 *
 * @example
 * ```ts
 * import type { IReactor } from "@torsion/reactor/reactor";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 * import { MemoryReactorClock } from "@torsion/reactor/testing";
 *
 * function main(reactor: IReactor) {
 *   const port = reactor.listenTCP(2000, Factory.forProtocol(Protocol));
 *   reactor.callLater(60, () => port.stopListening());
 * }
 *
 * const reactor = new MemoryReactorClock();
 * main(reactor);
 * reactor.advance(59);
 * console.log(reactor.tcpServers[0]?.isListening); // true
 * reactor.advance(1);
 * console.log(reactor.tcpServers[0]?.isListening); // false
 * ```
 */
export class MemoryReactorClock extends MemoryReactor implements IReactor {
  /** Returns the current time, in seconds. A new reactor is at 0. */
  seconds(): number {
    return this.clock.seconds();
  }

  /** Schedules a call, as `Clock.callLater` does. Its error is thrown by {@linkcode advance}. */
  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    return this.clock.callLater(delay, f, ...args);
  }

  getDelayedCalls(): IDelayedCall[] {
    return this.clock.getDelayedCalls();
  }

  /**
   * Moves the clock forward and makes the calls that become due, each at its own time, as
   * `Clock.advance` does.
   *
   * @param seconds The time to pass, in seconds, at least 0, finite.
   * @throws {unknown} The error of a call.
   */
  advance(seconds: number): void {
    this.clock.advance(seconds);
  }

  /**
   * Moves the clock to the end at once, and then makes the calls that are due, as `Clock.jump`
   * does.
   *
   * @param seconds The time to pass, in seconds, at least 0, finite.
   * @throws {unknown} The error of a call.
   */
  jump(seconds: number): void {
    this.clock.jump(seconds);
  }

  /**
   * Calls {@linkcode advance} with each of the given numbers.
   *
   * @param timings The numbers, in seconds.
   */
  pump(timings: Iterable<number>): void {
    this.clock.pump(timings);
  }

  /** Stops the reactor if it runs, and cancels its timed calls. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    for (const call of this.getDelayedCalls()) call.cancel();
  }

  /** Calls `f(...args)` in the next turn: when the clock is moved, even by 0 seconds. */
  override callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void {
    checkFunction("callFromThread() callable", f);
    this.clock.callLater(0, f, ...args);
  }
}
