/**
 * The event loop of epoll(7), as a guest in the event loop of Deno.
 *
 * epoll keeps a set of descriptors in the system. `epoll_ctl` changes the set, and `epoll_wait`
 * returns the descriptors that are ready now. The set is level-triggered: a descriptor is reported
 * by each wait until it has been read or written. So nothing is lost if a driver reads only once
 * per event, and a driver that is not interested must leave the set, or it would be reported in an
 * endless loop.
 *
 * Promises, timers, signals and `fetch` belong to Deno, whose loop runs only while this loop does
 * not. The poller therefore waits in three ways:
 *
 * - **A turn** asks for at most {@linkcode MOST_EVENTS} events, handles them, and returns to Deno's
 *   loop, with `setImmediate` for the next turn. That costs one microsecond. Every
 *   {@linkcode BREATH_MS} milliseconds, all time belongs to Deno for a moment.
 * - If nothing is ready, a turn **naps**: it waits in the system until an event comes, or until a
 *   {@linkcode NapTimer} is due, within a millisecond. No wait costs less. But a nap delays Deno's
 *   own work, and it is in vain if it ends without an event. So turns nap only while events are
 *   close together and Deno has nothing to do.
 * - After {@linkcode MOST_VAIN_NAPS} naps without an event, or one turn that could not nap, an
 *   {@linkcode IdleWait} waits without a limit. An event then costs more, and an idle reactor costs
 *   nothing. To end the wait, the poller writes to an eventfd(2) in the set.
 *
 * @module
 */

import { logUserError } from "../../../defer/guarded_call.ts";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EINTR,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
} from "./constants.ts";
import { DescriptorPassing } from "./descriptor_passing.ts";
import { IdleWait } from "./idle_wait.ts";
import { NapTimer } from "./nap_timer.ts";
import { timersModule } from "../node/builtin_modules.ts";
import { ReceiveMemory } from "./receive_memory.ts";
import { EPOLL_EVENT } from "./struct_layouts.ts";
import { SystemCalls } from "./system_calls.ts";

/** The most events that one turn handles. */
const MOST_EVENTS = 64;
/**
 * The number of naps without an event after which an {@linkcode IdleWait} starts. The first one may
 * be short, because the timer does not start with it.
 */
const MOST_VAIN_NAPS = 2;
/** Deno is busy if it needs more than this time in milliseconds between two turns. */
const BUSY_MS = 0.05;
/** How long Deno counts as busy, in milliseconds: one task often follows another. */
const WAKEFUL_MS = 2;
/** Milliseconds between two looks at descriptors that must not keep the process alive. */
const UNREF_MS = 20;
/**
 * The longest time in milliseconds for which Deno does not ask the system for its own events. The
 * poller then lets Deno breathe, so that signals, files and Deno's own sockets are served while
 * connections flood this loop. While Deno is busy, it breathes after each turn. By itself, Deno
 * asks when its loop is idle, and otherwise in every 61st turn of it, as its runtime tokio does.
 */
const BREATH_MS = 5;
/** The number of turns in a breath, which do nothing, so that Deno asks for its events. */
const BREATH_TURNS = 61;
/**
 * The longest time in milliseconds of a breath. A program that computes in each turn of Deno's loop
 * would otherwise keep the connections waiting for 61 of these computations.
 */
const LONGEST_BREATH_MS = 2;
/** With fewer events in a turn, an {@linkcode IdleWait} is a breath that costs less. */
const MANY_EVENTS = 8;
/** The time in milliseconds before another turn, if the system cannot wait at all. */
const RETRY_MS = 100;

// A `struct epoll_event` as numbers of 4 bytes: the events, and as its data the number of the file
// descriptor and the tag of the registration.
const EVENT_INTS = EPOLL_EVENT.size / Int32Array.BYTES_PER_ELEMENT;
const FD_INT = EPOLL_EVENT.data / Int32Array.BYTES_PER_ELEMENT;
const TAG_INT = FD_INT + 1;

const LARGEST_TAG = 2 ** 31 - 1;

const now = performance.now.bind(performance);

/** Something that is notified when its descriptor has been closed. */
export interface Released {
  released(): void;
}

/** A file descriptor in the set. */
export interface Member {
  /** The number of the file descriptor. */
  readonly fd: number;
  /**
   * The number under which the poller has added the descriptor to its set. An event with another
   * number belongs to an earlier descriptor with the same file number.
   */
  tag: number;
  /**
   * Called when the system has reported events. `EPOLLERR` and `EPOLLHUP` are reported even if they
   * are not watched for.
   */
  ready(events: number): void;
}

/** The epoll set of one reactor, and the loop that waits for it. */
export class Poller {
  /** Memory for received bytes, shared by all descriptors. */
  readonly memory: ReceiveMemory = new ReceiveMemory();
  /** The file descriptors that connections receive and send. */
  readonly passing: DescriptorPassing = new DescriptorPassing();
  readonly #libraryNames: readonly string[];
  readonly #usesRing: boolean | undefined;
  /** The open descriptors, and the running reactor: they keep the library and the set open. */
  #holders = 0;
  #open: OpenSet | null = null;
  /** The descriptors in the set, by their number. */
  readonly #members: (Member | undefined)[] = [];
  #memberCount = 0;
  #lastTag = 0;
  #turns = 0;
  #share = 1;
  /** The number of members for which the process must wait. */
  #waitingFor = 0;
  #vainNaps = 0;
  /** The time at which the last turn returned to Deno's loop. */
  #lastReturn = 0;
  /** The time until which Deno counts as busy. */
  #busyUntil = 0;
  /** The number of turns that still do nothing. */
  #breathTurns = 0;
  /** The time at which the breath ends, even if Deno has not asked the system. */
  #breathEnd = 0;
  /** The time at which Deno has last asked the system for its own events. */
  #lastBreath = 0;
  /** The genuine functions, even if a test fakes the global ones. They move bytes, not time. */
  readonly #timers = timersModule();
  #nextTurn: ReturnType<typeof setImmediate> | null = null;
  /** Whether an {@linkcode IdleWait} waits. */
  #isAsleep = false;
  #unrefTimer: ReturnType<typeof setTimeout> | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | null = null;
  #released: Released[] = [];
  /** The descriptors that were closed as the last ones, during a wait. */
  #releasedAfterWait: Released[] = [];
  readonly #turn = (): void => this.#takeTurn();
  readonly #awake = (count: number): void => this.#wakeUp(count);
  readonly #notifyReleased = (): void => {
    const released = this.#released;
    this.#released = [];
    for (const each of released) notify(each);
  };

  /**
   * @param libraryNames The file names of the C library to try, in order.
   * @param usesRing Whether an idle poller uses io_uring where it is available: always, never, or,
   *   if `undefined`, when it pays.
   */
  constructor(libraryNames: readonly string[], usesRing?: boolean) {
    this.#libraryNames = libraryNames;
    this.#usesRing = usesRing;
  }

  /** The system calls. Available while the poller is held. */
  get system(): SystemCalls {
    return this.#set.system;
  }

  /** The number of turns so far. A driver limits what it does in one of them. */
  get turns(): number {
    return this.#turns;
  }

  /**
   * The number of times that a descriptor may receive in this turn. With few events in a turn, each
   * may receive more, and the turn still ends soon.
   */
  get share(): number {
    return this.#share;
  }

  /** Opens the C library and the set, until {@linkcode release} is called as often. */
  hold(): void {
    this.#open ??= new OpenSet(this.#libraryNames, this.#usesRing, this.#awake);
    this.#holders++;
  }

  /** Closes the C library and the set if nothing else holds them. */
  release(): void {
    this.#holders--;
    this.#closeIfUnused();
  }

  /**
   * Calls a function that needs the system calls.
   *
   * @returns The result of the function.
   */
  using<T>(f: (system: SystemCalls) => T): T {
    this.hold();
    try {
      return f(this.system);
    } finally {
      this.release();
    }
  }

  /**
   * Changes the events for which the system watches a descriptor.
   *
   * @param before The present events; 0 if the descriptor is not in the set.
   * @param after The new events; 0 to remove it.
   * @throws {SystemFailure} If the system has no memory for it, or cannot watch such a file.
   */
  control(descriptor: Member, before: number, after: number): void {
    const set = this.#set;
    const { fd } = descriptor;
    if (before === 0) {
      this.#lastTag = this.#lastTag === LARGEST_TAG ? 1 : this.#lastTag + 1;
      descriptor.tag = this.#lastTag;
    }
    set.control(
      before === 0 ? EPOLL_CTL_ADD : after === 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD,
      fd,
      after,
      descriptor.tag,
    );
    if (before === 0) {
      this.#members[fd] = descriptor;
      this.#memberCount++;
    } else if (after === 0) {
      this.forget(fd);
    }
  }

  /** Removes a descriptor that is about to be closed, or is not in the system's set any more. */
  forget(fd: number): void {
    if (this.#members[fd] === undefined) return;
    this.#members[fd] = undefined;
    this.#memberCount--;
  }

  /** Counts the members for which the process must wait, and starts or stops to wait. */
  countWaiting(change: number): void {
    if (change === 0) return;
    this.#waitingFor += change;
    if (this.#waitingFor > 0) {
      if (!this.#isAsleep) this.#takeTurnSoon();
    } else if (this.#isAsleep) {
      this.#set.wake();
    } else {
      this.#stopTurns();
      this.#rest();
    }
  }

  /**
   * Looks from time to time at members that do not keep the process alive, while the process does
   * not wait for any other.
   */
  lookLater(): void {
    if (this.#memberCount === 0 || this.#unrefTimer !== null) return;
    const timer = this.#timers.setTimeout(() => {
      this.#unrefTimer = null;
      if (this.#waitingFor === 0 && !this.#isAsleep && this.#open !== null) {
        this.#handle(this.#open, this.#open.poll());
        this.lookLater();
      }
    }, UNREF_MS);
    this.#unrefTimer = timer;
    timer.unref();
  }

  /**
   * Notifies the owner of a closed descriptor: when the running code has returned, or, after the
   * last descriptor, when nothing waits any more.
   */
  whenReleased(owner: Released): void {
    if (this.#isAsleep && this.#waitingFor === 0) this.#releasedAfterWait.push(owner);
    else if (this.#released.push(owner) === 1) queueMicrotask(this.#notifyReleased);
  }

  get #set(): OpenSet {
    if (this.#open === null) throw new Error("Cannot use the poller: it is closed");
    return this.#open;
  }

  #takeTurnSoon(): void {
    this.#nextTurn ??= this.#timers.setImmediate(this.#turn);
  }

  #stopTurns(): void {
    if (this.#nextTurn === null) return;
    this.#timers.clearImmediate(this.#nextTurn);
    this.#nextTurn = null;
  }

  #takeTurn(): void {
    this.#nextTurn = null;
    const set = this.#open;
    // During a wait, the memory of the events may belong to a thread.
    if (set === null || this.#isAsleep) return;
    const time = now();
    if (time - this.#lastReturn > BUSY_MS) this.#busyUntil = time + WAKEFUL_MS;
    this.#lastReturn = time;
    if (this.#breathTurns > 0 && time < this.#breathEnd) {
      if (--this.#breathTurns === 0) this.#lastBreath = time;
      return this.#takeTurnSoon();
    }
    this.#breathTurns = 0;
    const naps = time > this.#busyUntil && set.mayNap && set.startNap();
    const handled = this.#handle(set, naps ? set.nap() : set.poll());
    if (handled > 0) set.idle.skipped();
    this.#proceed(set, handled, naps);
  }

  /**
   * Chooses how to wait next.
   *
   * @param set The set of this turn.
   * @param handled The number of events that this turn has handled; -1 after a failure.
   * @param napped Whether this turn would have waited for an event.
   */
  #proceed(set: OpenSet, handled: number, napped: boolean): void {
    // The last descriptor may have been closed meanwhile, and another set opened.
    if (this.#open !== set) return;
    if (this.#waitingFor === 0) return this.#rest();
    if (handled < 0) return this.#retryLater();
    if (handled > 0) this.#vainNaps = 0;
    else if (!napped || ++this.#vainNaps >= MOST_VAIN_NAPS) return this.#sleep(set);
    const time = this.#lastReturn = now();
    if (time < this.#busyUntil || time - this.#lastBreath > BREATH_MS) {
      if (handled < MANY_EVENTS) return this.#sleep(set);
      this.#breathTurns = BREATH_TURNS;
      this.#breathEnd = time + LONGEST_BREATH_MS;
    }
    this.#takeTurnSoon();
  }

  /** Lets the process end. */
  #rest(): void {
    this.#open?.idle.rest();
    this.lookLater();
  }

  #retryLater(): void {
    this.#stopTurns();
    this.#retryTimer ??= this.#timers.setTimeout(() => {
      this.#retryTimer = null;
      // Another turn may be due already, because the program has opened a socket.
      this.#takeTurnSoon();
    }, RETRY_MS);
  }

  #sleep(set: OpenSet): void {
    this.#stopTurns();
    this.#vainNaps = this.#breathTurns = 0;
    this.#isAsleep = true;
    set.naps.stop();
    set.idle.start();
  }

  #wakeUp(count: number): void {
    this.#isAsleep = false;
    const set = this.#open;
    if (set === null) return;
    this.#lastBreath = now();
    const handled = this.#handle(set, count);
    const released = this.#releasedAfterWait;
    this.#releasedAfterWait = [];
    this.#proceed(set, Math.max(handled, 0), true);
    for (const each of released) notify(each);
    this.#closeIfUnused();
  }

  /**
   * Handles events.
   *
   * @param count The number of events in the memory of the set; -1 after a failure.
   * @returns The number of events of members; -1 after a failure.
   */
  #handle(set: OpenSet, count: number): number {
    const { events } = set;
    this.#turns = this.#turns + 1 | 0;
    this.#share = Math.trunc(MOST_EVENTS / Math.max(count, 1));
    let handled = count;
    // The owner of an event may close the last descriptor, and with it the set.
    for (let i = 0, at = 0; i < count && this.#open === set; i++, at += EVENT_INTS) {
      const fd = events[at + FD_INT] ?? -1;
      const member = this.#members[fd];
      // The descriptor may have been closed since the system has reported the event, by the owner
      // of an earlier event, and its number may have been given to another one.
      if (member === undefined || member.tag !== events[at + TAG_INT]) {
        set.note(fd);
        handled--;
        continue;
      }
      try {
        member.ready(events[at] ?? 0);
      } catch (error) {
        logUserError(error, "Error while handling an event of a socket");
      }
    }
    return handled;
  }

  #closeIfUnused(): void {
    if (this.#holders > 0 || this.#isAsleep) return;
    this.#stopTurns();
    for (const timer of [this.#unrefTimer, this.#retryTimer]) {
      if (timer !== null) this.#timers.clearTimeout(timer);
    }
    this.#unrefTimer = this.#retryTimer = null;
    this.#open?.close();
    this.#open = null;
  }
}

/** An epoll set in the system, with the library that it is used through. */
class OpenSet {
  /** The number of open sets in this thread: each worker of Deno has modules of its own. */
  static #count = 0;
  readonly system: SystemCalls;
  /** The events of the last wait. The system writes here, so the field must keep the memory. */
  readonly events: Int32Array<ArrayBuffer> = new Int32Array(MOST_EVENTS * EVENT_INTS);
  readonly idle: IdleWait;
  readonly naps: NapTimer;
  readonly #epollFD: number = -1;
  readonly #wakeFD: number = -1;
  readonly #event = new Int32Array(EVENT_INTS);
  readonly #counter = new BigUint64Array([1n]);
  readonly #received = new BigUint64Array(1);
  #hasFailed = false;

  constructor(
    libraryNames: readonly string[],
    usesRing: boolean | undefined,
    awake: (count: number) => void,
  ) {
    const system = new SystemCalls(libraryNames);
    const { calls } = system;
    this.system = system;
    let naps: NapTimer | null = null;
    try {
      this.#epollFD = system.checked("epoll_create1", calls.epoll_create1(EPOLL_CLOEXEC));
      this.#wakeFD = system.checked("eventfd", calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      this.control(EPOLL_CTL_ADD, this.#wakeFD, EPOLLIN, 0);
      this.naps = naps = new NapTimer(system);
      this.control(EPOLL_CTL_ADD, naps.fd, EPOLLIN | EPOLLET, 0);
    } catch (error) {
      this.#closeAll(naps);
      throw error;
    }
    this.idle = new IdleWait(libraryNames, this.#epollFD, usesRing, {
      waitOnThread: () => calls.epollWaitOnThread(this.#epollFD, this.events, MOST_EVENTS, -1),
      poll: () => this.poll(),
      awake,
      now,
    });
    OpenSet.#count++;
  }

  /**
   * Whether a nap pays: events are close together, and no other reactor in this thread would have
   * to wait for its end.
   */
  get mayNap(): boolean {
    return OpenSet.#count === 1 && this.idle.mayNap;
  }

  control(operation: number, fd: number, events: number, tag: number): void {
    const event = this.#event;
    event[0] = events;
    event[FD_INT] = fd;
    event[TAG_INT] = tag;
    const { calls } = this.system;
    this.system.checked("epoll_ctl", calls.epoll_ctl(this.#epollFD, operation, fd, event));
  }

  /**
   * Asks for events.
   *
   * @returns The number of {@linkcode events}; -1 if the system has failed, which is logged.
   */
  poll(): number {
    return this.#wait(0);
  }

  /** Prepares a nap. @returns Whether the nap will end even if no event comes. */
  startNap(): boolean {
    return this.naps.start();
  }

  /** Asks for events, and waits for one if there are none. @returns As {@linkcode poll}. */
  nap(): number {
    return this.#wait(-1);
  }

  /** Ends a wait. */
  wake(): void {
    this.system.calls.write(this.#wakeFD, this.#counter, this.#counter.byteLength);
  }

  /** Notes an event of a descriptor that may be one of the set's own. */
  note(fd: number): void {
    if (fd === this.naps.fd) {
      this.naps.due();
    } else if (fd === this.#wakeFD) {
      // Resets the eventfd, so that it is not reported again.
      this.system.calls.read(fd, this.#received, this.#received.byteLength);
    }
  }

  close(): void {
    OpenSet.#count--;
    this.idle.close();
    this.#closeAll(this.naps);
  }

  #closeAll(naps: NapTimer | null): void {
    // After a failure, not all of them are open.
    for (const fd of [this.#epollFD, this.#wakeFD, naps?.fd ?? -1]) {
      if (fd >= 0) this.system.calls.close(fd);
    }
    this.system.close();
  }

  #wait(timeout: number): number {
    const { calls } = this.system;
    const count = calls.epoll_wait(this.#epollFD, this.events, MOST_EVENTS, timeout);
    return count >= 0 ? count : this.#waitFailed();
  }

  #waitFailed(): number {
    const { errno } = this.system;
    // A signal has interrupted the nap.
    if (errno === EINTR) return 0;
    if (!this.#hasFailed) {
      this.#hasFailed = true;
      logUserError(this.system.failure("epoll_wait", errno), "Cannot wait for sockets");
    }
    return -1;
  }
}

function notify(owner: Released): void {
  try {
    owner.released();
  } catch (error) {
    logUserError(error, "Error while releasing a socket");
  }
}
