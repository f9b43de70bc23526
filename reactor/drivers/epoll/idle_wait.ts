/**
 * How an idle reactor waits for its next event, while Deno's loop serves everything else.
 *
 * - **A thread** waits in `epoll_wait`. That works everywhere, but an event has to wake two
 *   threads.
 * - **io_uring** sends a byte to a socket that Deno watches. No other thread is involved. Deno can
 *   watch such a socket only through `node:net`, whose loading takes some milliseconds. So a
 *   reactor changes to io_uring only after a number of waits, unless its options decide otherwise.
 *
 * @module
 */

import type { Socket } from "node:net";
import { logUserError } from "../../../defer/guarded_call.ts";
import { netModule, timersModule } from "../node/builtin_modules.ts";
import { WakeRing } from "./wake_ring.ts";

/** The number of waits of a thread after which a reactor changes to io_uring. */
const MOST_THREAD_WAITS = 500;
/** The number of reactors that may wait in threads at a time. */
const MOST_THREADS = 16;
/** The time in milliseconds between two polls of a reactor for which there is no thread. */
const LOOK_MS = 5;
/** The longest time in milliseconds of a wait that a nap would have covered. */
const SHORT_WAIT_MS = 1;
/** The number of longer waits in a row after which naps do not pay. */
const MOST_LONG_WAITS = 3;

/** What waits, and what happens then. */
export interface IdleWaitHooks {
  /** Waits in a thread. @returns A promise of the number of events. */
  waitOnThread(): Promise<number>;
  /** Asks for events without waiting. @returns Their number. */
  poll(): number;
  /** Called after each wait, with the number of events. */
  awake(count: number): void;
  /** Returns the time in milliseconds. */
  now(): number;
}

/** The waits for the events of one epoll set. */
export class IdleWait {
  /** The number of reactors that wait in threads now. Each worker of Deno has its own threads. */
  static #threads = 0;
  readonly #libraryNames: readonly string[];
  readonly #epollFD: number;
  readonly #hooks: IdleWaitHooks;
  #threadWaitsLeft: number;
  #ring: WakeRing | null = null;
  #socket: Socket | null = null;
  #isRef = true;
  #startTime = 0;
  /** The number of long waits since one was short, or was skipped. */
  #longWaits = 0;

  /**
   * @param libraryNames The file names of the C library to try, in order.
   * @param epollFD The epoll set.
   * @param usesRing Whether to use io_uring where it is available: always, never, or, if
   *   `undefined`, when it pays.
   * @param hooks What waits, and what happens then.
   */
  constructor(
    libraryNames: readonly string[],
    epollFD: number,
    usesRing: boolean | undefined,
    hooks: IdleWaitHooks,
  ) {
    this.#libraryNames = libraryNames;
    this.#epollFD = epollFD;
    this.#hooks = hooks;
    this.#threadWaitsLeft = usesRing ? 0 : usesRing === false ? Infinity : MOST_THREAD_WAITS;
  }

  /**
   * Whether a turn without events should nap, that is, sleep for a moment before this wait starts.
   * A nap in vain costs more than the wait itself, so it pays only while events are close together.
   */
  get mayNap(): boolean {
    return this.#longWaits < MOST_LONG_WAITS;
  }

  /** Notes that an event came before a wait. */
  skipped(): void {
    this.#longWaits = 0;
  }

  /** Starts to wait. The process waits as well. */
  start(): void {
    this.#startTime = this.#hooks.now();
    const isCrowded = IdleWait.#threads >= MOST_THREADS;
    if (this.#mayOpenRing(isCrowded)) this.#openRing();
    if (this.#ring?.start()) {
      if (!this.#isRef) this.#socket?.ref();
      this.#isRef = true;
      return;
    }
    if (this.#ring !== null) this.#giveUpRing();
    if (isCrowded) this.#look();
    else this.#waitOnThread();
  }

  /** Lets the process end until the next wait starts. */
  rest(): void {
    if (this.#isRef) this.#socket?.unref();
    this.#isRef = false;
  }

  /** Closes the ring and its socket, while nothing waits. */
  close(): void {
    this.#socket?.destroy();
    this.#ring?.close();
    this.#socket = this.#ring = null;
  }

  /** Counts a wait without a ring. @returns Whether to open a ring now. */
  #mayOpenRing(isCrowded: boolean): boolean {
    if (this.#ring !== null || this.#threadWaitsLeft === Infinity) return false;
    return this.#threadWaitsLeft-- <= 0 || isCrowded;
  }

  #waitOnThread(): void {
    IdleWait.#threads++;
    this.#hooks.waitOnThread().then((count) => {
      IdleWait.#threads--;
      this.#finished(count);
    });
  }

  #look(): void {
    timersModule().setTimeout(() => this.#finished(this.#hooks.poll()), LOOK_MS);
  }

  #openRing(): void {
    try {
      this.#ring = WakeRing.open(this.#libraryNames, this.#epollFD);
      if (this.#ring === null) return this.#giveUpRing();
      this.#socket = this.#adopt(this.#ring.receiver);
      this.#isRef = true;
    } catch (error) {
      // It is unknown whether Deno has taken the descriptor of the socket, so that stays open.
      logUserError(error, "Cannot wait with io_uring");
      this.#giveUpRing();
    }
  }

  /** Lets Deno watch a descriptor, and close it. */
  #adopt(fd: number): Socket {
    const callback = (): boolean => {
      this.#finished(this.#hooks.poll());
      return true;
    };
    return new (netModule().Socket)({ fd, onread: { buffer: new Uint8Array(1), callback } });
  }

  #finished(count: number): void {
    // If naps came first, they were in vain.
    const wasShort = !this.mayNap && this.#hooks.now() - this.#startTime < SHORT_WAIT_MS;
    this.#longWaits = wasShort ? 0 : this.#longWaits + 1;
    this.#hooks.awake(count);
  }

  #giveUpRing(): void {
    this.close();
    this.#threadWaitsLeft = Infinity;
  }
}
