/**
 * The timer that ends the naps of a poller.
 *
 * `epoll_wait` could end a nap by a timeout of its own. But each call would then set a timer of the
 * system and remove it again, which costs more than the rest of the call on a virtual machine,
 * whose processor has to ask the host each time. This timer is set once in a millisecond, however
 * many events come.
 *
 * @module
 */

import { CLOCK_MONOTONIC, TFD_CLOEXEC, TFD_NONBLOCK } from "./constants.ts";
import type { SystemCalls } from "./system_calls.ts";

/** The time in nanoseconds after which the timer is due, again and again. */
const PERIOD_NS = 1_000_000n;

/** A timer of timerfd_create(2), as a descriptor that is readable when the timer is due. */
export class NapTimer {
  /** The descriptor. */
  readonly fd: number;
  readonly #system: SystemCalls;
  // `struct itimerspec`: the period and the first time, each in seconds and nanoseconds.
  readonly #period = new BigInt64Array([0n, PERIOD_NS, 0n, PERIOD_NS]);
  readonly #never = new BigInt64Array(4);
  readonly #expirations = new BigUint64Array(1);
  #isRunning = false;
  /** Whether the timer was due, and the system has not set it again. */
  #isDue = false;

  /**
   * Creates the timer, which does not run.
   *
   * @throws {SystemFailure} If there is no descriptor or memory for it.
   */
  constructor(system: SystemCalls) {
    this.#system = system;
    const flags = TFD_NONBLOCK | TFD_CLOEXEC;
    this.fd = system.checked("timerfd_create", system.calls.timerfd_create(CLOCK_MONOTONIC, flags));
  }

  /** Makes sure that the timer will be due within a period. @returns Whether it will. */
  start(): boolean {
    if (!this.#isRunning) return this.#isRunning = this.#set(this.#period);
    if (!this.#isDue) return true;
    this.#isDue = false;
    // The system sets a periodic timer again when it is read.
    const size = this.#expirations.byteLength;
    return this.#system.calls.read(this.fd, this.#expirations, size) === size;
  }

  /** Notes that the timer was due. */
  due(): void {
    this.#isDue = true;
  }

  /** Stops the timer: an idle process must not wake up. */
  stop(): void {
    if (this.#isRunning) this.#isRunning = this.#isDue = !this.#set(this.#never);
  }

  #set(times: BigInt64Array<ArrayBuffer>): boolean {
    return this.#system.calls.timerfd_settime(this.fd, 0, times, null) === 0;
  }
}
