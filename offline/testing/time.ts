/**
 * `FakeTime` of `@std/testing/time` on top of `@sinonjs/fake-timers`: the part that this project's
 * tests use, with the documented behaviour of the real one.
 *
 * It stands in for the real package where JSR cannot be reached (see `imports` in `deno.json`).
 *
 * @module
 */

import { type Clock, createClock } from "@sinonjs/fake-timers";

type Callback = (...args: unknown[]) => unknown;

type Handle = ReturnType<Clock["setTimeout"]>;

/** A timer of the code under test. */
interface Timer {
  readonly callback: Callback;
  readonly args: readonly unknown[];
  readonly due: number;
  /** Milliseconds from one call to the next; `undefined` for a timer that fires once. */
  readonly period: number | undefined;
}

/** The time functions as they were, to call and to put back. */
const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  abortSignalTimeout: AbortSignal.timeout,
};

/** The one that fakes time now. */
let active: FakeTime | undefined;

/** An operation that the state of the faked time does not allow. */
export class TimeError extends Error {
  override name = "TimeError";
}

/**
 * Replaces `Date`, the timer functions and `AbortSignal.timeout` with ones that stand still until
 * the test moves the time. `performance.now` and `queueMicrotask` stay real.
 */
export class FakeTime {
  /** The time at the beginning, in milliseconds since the epoch. */
  readonly start: number;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Handle>();
  #lastId = 0;
  /** What the clock's last step made due, not yet called. */
  #fired: (() => void) | undefined;

  /**
   * Fakes time from `start` on: milliseconds since the epoch, a date or a date's text.
   *
   * @throws {TimeError} When time is faked already.
   * @throws {TypeError} If `start` is not a valid time.
   */
  constructor(start?: number | string | Date | null) {
    if (active !== undefined) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    this.start = startTime(start);
    this.#clock = createClock(this.start);
    active = this;
    this.#replaceGlobals();
  }

  /** Puts back what the active `FakeTime` replaced. @throws {TimeError} When there is none. */
  static restore(): void {
    if (active === undefined) throw alreadyRestored();
    active.restore();
  }

  /** The faked time, in milliseconds since the epoch. Setting it fires what is due until then. */
  get now(): number {
    return this.#clock.now;
  }

  set now(value: number) {
    if (value < this.#clock.now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#clock.now}: received ${value}`,
      );
    }
    // A fence that is set once more after timers fired is behind those that they have added.
    while (this.#runTo(value));
  }

  /** Moves the time by `ms` milliseconds and fires what is due on the way, in order. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Runs pending microtasks, then does as {@linkcode FakeTime.tick}. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  /** Moves the time to the next timer's and fires all that are due then; `false` without one. */
  next(): boolean {
    if (this.#pending.size === 0) return false;
    this.#step();
    this.tick(0);
    return true;
  }

  /** Runs pending microtasks, then does as {@linkcode FakeTime.next}. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Fires timer after timer until none is left. An interval keeps it going until it is cleared. */
  runAll(): void {
    while (this.next());
  }

  /** Does as {@linkcode FakeTime.runAll}, running pending microtasks before each timer. */
  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Runs pending microtasks. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Waits for `ms` real milliseconds. */
  async delay(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    real.setTimeout(resolve, ms);
    await promise;
  }

  /** Puts back what was replaced. @throws {TimeError} When it is back already. */
  restore(): void {
    if (active === undefined) throw alreadyRestored();
    active = undefined;
    const { abortSignalTimeout, ...globals } = real;
    Object.assign(globalThis, globals);
    AbortSignal.timeout = abortSignalTimeout;
  }

  /** Does as {@linkcode FakeTime.restore}. */
  [Symbol.dispose](): void {
    this.restore();
  }

  #replaceGlobals(): void {
    const setTimeout = (
      callback: unknown,
      delay = 0,
      ...args: unknown[]
    ): number =>
      this.#add(
        "setTimeout",
        callback,
        Math.max(0, Math.floor(delay)),
        args,
        false,
      );
    const setInterval = (
      callback: unknown,
      delay = 0,
      ...args: unknown[]
    ): number =>
      this.#add(
        "setInterval",
        callback,
        Math.max(1, Math.floor(delay)),
        args,
        true,
      );
    const clearTimeout = (id?: unknown): void => this.#clear("clearTimeout", id);
    const clearInterval = (id?: unknown): void => this.#clear("clearInterval", id);
    const fakes = { Date: this.#clock.Date, setTimeout, setInterval, clearTimeout, clearInterval };
    Object.assign(globalThis, fakes);
    AbortSignal.timeout = (delay): AbortSignal => {
      const controller = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      setTimeout(() => controller.abort(reason), delay);
      return controller.signal;
    };
  }

  #add(
    name: string,
    callback: unknown,
    delay: number,
    args: unknown[],
    repeats: boolean,
  ): number {
    if (typeof callback !== "function") {
      throw new TimeError(
        `FakeTime does not support non-function callbacks to ${name}`,
      );
    }
    this.#checkFaking(name);
    const id = ++this.#lastId;
    const period = repeats ? delay : undefined;
    const call: Callback = (...args) => callback(...args);
    this.#arm(id, {
      callback: call,
      args,
      due: this.#clock.now + delay,
      period,
    });
    return id;
  }

  #clear(name: string, id: unknown): void {
    this.#checkFaking(name);
    if (typeof id !== "number") return;
    const handle = this.#pending.get(id);
    if (handle === undefined) return;
    this.#clock.clearTimeout(handle);
    this.#pending.delete(id);
  }

  /** Code that has kept one of the fakes must not think that it still works. */
  #checkFaking(name: string): void {
    if (active === undefined) throw new TimeError(`Cannot call faked ${name}: time is not faked`);
  }

  #arm(id: number, timer: Timer): void {
    const handle = this.#at(timer.due, () => {
      this.#fired = (): void => this.#fire(id, timer);
    });
    this.#pending.set(id, handle);
  }

  /**
   * Has the clock call `f` at `time`, as its own `setTimeout` cannot: to fractions, at any
   * distance.
   */
  #at(time: number, f: () => void): Handle {
    const now = this.#clock.now;
    this.#clock.now = time;
    const handle = this.#clock.setTimeout(f, 0);
    this.#clock.now = now;
    return handle;
  }

  #fire(id: number, timer: Timer): void {
    this.#pending.delete(id);
    // Armed before the call, so that the call can clear it.
    if (timer.period !== undefined) {
      this.#arm(id, { ...timer, due: timer.due + timer.period });
    }
    timer.callback(...timer.args);
  }

  /** Fires what is due until `value`, and leaves the time there; whether there was anything. */
  #runTo(value: number): boolean {
    let reached = false;
    let fired = false;
    const fence = this.#at(value, () => void (reached = true));
    try {
      while (!reached) fired = this.#step() || fired;
    } finally {
      this.#clock.clearTimeout(fence);
    }
    return fired;
  }

  /**
   * Moves the clock to its next timer; whether that was one of the code under test. Its callback is
   * called after the clock's step, not in it: inside, the clock would put off new timers of no
   * delay by a millisecond.
   */
  #step(): boolean {
    this.#clock.next();
    const fired = this.#fired;
    this.#fired = undefined;
    fired?.();
    return fired !== undefined;
  }
}

function startTime(start: number | string | Date | null | undefined): number {
  if (start === undefined || start === null) return real.Date.now();
  const time = typeof start === "number" ? Math.floor(start) : new real.Date(start).getTime();
  if (Number.isNaN(time)) {
    throw new TypeError(
      `Cannot construct FakeTime: invalid start time ${String(start)}`,
    );
  }
  return time;
}

function alreadyRestored(): TimeError {
  return new TimeError("Cannot restore time: time is already restored");
}
