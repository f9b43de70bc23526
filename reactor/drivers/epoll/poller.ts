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
 *   {@linkcode BREATH_MS}, some turns leave all time to Deno.
 * - If nothing is ready, a turn sleeps in the system for at most {@linkcode NAP_NS}: the answer of
 *   a peer on a fast network arrives in that time. A sleep delays the events of Deno by a tenth of
 *   a millisecond, and is in vain if it ends without an event. So turns sleep only while the waits
 *   are short.
 * - After {@linkcode MOST_QUIET_TURNS} turns without an event, an {@linkcode IdleWait} waits
 *   without a limit. An event then costs more, and an idle reactor costs nothing. To end the wait,
 *   the poller writes to an eventfd(2) in the set.
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
  EPOLLIN,
} from "./constants.ts";
import { DescriptorPassing } from "./descriptor_passing.ts";
import { IdleWait } from "./idle_wait.ts";
import { timersModule } from "../node/builtin_modules.ts";
import { ReceiveMemory } from "./receive_memory.ts";
import { EPOLL_EVENT } from "./struct_layouts.ts";
import { SystemCalls } from "./system_calls.ts";

/** The most events that one turn handles. */
const MOST_EVENTS = 64;
/** The longest sleep of a turn, in nanoseconds. */
const NAP_NS = 100_000n;
/** The number of turns without an event after which an {@linkcode IdleWait} starts. */
const MOST_QUIET_TURNS = 2;
/** The same without `epoll_pwait2`: a turn then cannot sleep for so short a time. */
const MOST_QUIET_TURNS_AWAKE = 20;
/** Milliseconds between two looks at descriptors that must not keep the process alive. */
const UNREF_MS = 20;
/**
 * Deno asks the system for its own events when its loop is idle, and otherwise in every 61st turn
 * of it, as its runtime tokio does. After this time in milliseconds without that, a number of turns
 * do nothing, so that signals, files and Deno's own sockets are served while connections flood this
 * loop.
 */
const BREATH_MS = 5;
const BREATH_TURNS = 61;
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
  /** The number of members for which the process must wait. */
  #waitingFor = 0;
  #quietTurns = 0;
  /** The number of turns that still do nothing. */
  #breathTurns = 0;
  /** The time of the last turn of which Deno has certainly asked the system. */
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
        this.#handle(this.#open, this.#open.poll(false));
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
    if (this.#breathTurns > 0) {
      if (--this.#breathTurns === 0) this.#lastBreath = now();
      return this.#takeTurnSoon();
    }
    const count = set.poll(set.idle.mayNap);
    if (count > 0) set.idle.skipped();
    this.#handle(set, count);
    this.#proceed(set, count);
  }

  /** Chooses how to wait next, after a turn with a number of events; -1 after a failure. */
  #proceed(set: OpenSet, count: number): void {
    // The last descriptor may have been closed meanwhile, and another set opened.
    if (this.#open !== set) return;
    if (this.#waitingFor === 0) return this.#rest();
    if (count < 0) return this.#retryLater();
    this.#quietTurns = count > 0 ? 0 : this.#quietTurns + 1;
    if (this.#quietTurns >= set.mostQuietTurns) return this.#sleep(set);
    if (now() - this.#lastBreath > BREATH_MS) this.#breathTurns = BREATH_TURNS;
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
      this.#takeTurn();
    }, RETRY_MS);
  }

  #sleep(set: OpenSet): void {
    this.#stopTurns();
    this.#quietTurns = this.#breathTurns = 0;
    this.#isAsleep = true;
    set.idle.start();
  }

  #wakeUp(count: number): void {
    this.#isAsleep = false;
    const set = this.#open;
    if (set === null) return;
    this.#lastBreath = now();
    this.#handle(set, count);
    const released = this.#releasedAfterWait;
    this.#releasedAfterWait = [];
    this.#proceed(set, Math.max(count, 0));
    for (const each of released) notify(each);
    this.#closeIfUnused();
  }

  #handle(set: OpenSet, count: number): void {
    const { events } = set;
    this.#turns = this.#turns + 1 | 0;
    // The owner of an event may close the last descriptor, and with it the set.
    for (let i = 0, at = 0; i < count && this.#open === set; i++, at += EVENT_INTS) {
      const fd = events[at + FD_INT] ?? -1;
      const member = this.#members[fd];
      // The descriptor may have been closed since the system has reported the event, by the owner
      // of an earlier event, and its number may have been given to another one.
      if (member === undefined || member.tag !== events[at + TAG_INT]) {
        if (fd === set.wakeFD) set.woken();
        continue;
      }
      try {
        member.ready(events[at] ?? 0);
      } catch (error) {
        logUserError(error, "Error while handling an event of a socket");
      }
    }
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
  readonly system: SystemCalls;
  /** The events of the last wait. The system writes here, so the field must keep the memory. */
  readonly events: Int32Array<ArrayBuffer> = new Int32Array(MOST_EVENTS * EVENT_INTS);
  readonly wakeFD: number = -1;
  readonly idle: IdleWait;
  readonly #epollFD: number = -1;
  readonly #event = new Int32Array(EVENT_INTS);
  readonly #nap = new BigInt64Array([0n, NAP_NS]);
  readonly #counter = new BigUint64Array([1n]);
  readonly #received = new BigUint64Array(1);
  #canNap: boolean;
  #hasFailed = false;

  constructor(
    libraryNames: readonly string[],
    usesRing: boolean | undefined,
    awake: (count: number) => void,
  ) {
    const system = new SystemCalls(libraryNames);
    const { calls } = system;
    this.system = system;
    this.#canNap = calls.epoll_pwait2 !== null;
    try {
      this.#epollFD = system.checked("epoll_create1", calls.epoll_create1(EPOLL_CLOEXEC));
      this.wakeFD = system.checked("eventfd", calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      this.control(EPOLL_CTL_ADD, this.wakeFD, EPOLLIN, 0);
    } catch (error) {
      this.#closeAll();
      throw error;
    }
    this.idle = new IdleWait(libraryNames, this.#epollFD, usesRing, {
      waitOnThread: () => calls.epollWaitOnThread(this.#epollFD, this.events, MOST_EVENTS, -1),
      poll: () => this.poll(false),
      awake,
      now,
    });
  }

  /** The number of turns without an event after which the poller waits without a limit. */
  get mostQuietTurns(): number {
    if (!this.idle.mayNap) return 1;
    return this.#canNap ? MOST_QUIET_TURNS : MOST_QUIET_TURNS_AWAKE;
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
   * @param mayNap Whether to sleep for a moment if there are none.
   * @returns The number of {@linkcode events}; -1 if the system has failed, which is logged.
   */
  poll(mayNap: boolean): number {
    const { calls } = this.system;
    const napping = mayNap && this.#canNap ? calls.epoll_pwait2 : null;
    const count = napping === null
      ? calls.epoll_wait(this.#epollFD, this.events, MOST_EVENTS, 0)
      : napping(this.#epollFD, this.events, MOST_EVENTS, this.#nap, null);
    if (count >= 0) return count;
    return this.#pollFailed(napping !== null);
  }

  /** Ends a wait. */
  wake(): void {
    this.system.calls.write(this.wakeFD, this.#counter, this.#counter.byteLength);
  }

  /** Resets the eventfd, so that it is not reported again. */
  woken(): void {
    this.system.calls.read(this.wakeFD, this.#received, this.#received.byteLength);
  }

  close(): void {
    this.idle.close();
    this.#closeAll();
  }

  #closeAll(): void {
    // After a failure, not all of them are open.
    for (const fd of [this.#epollFD, this.wakeFD]) if (fd >= 0) this.system.calls.close(fd);
    this.system.close();
  }

  #pollFailed(napped: boolean): number {
    const { errno } = this.system;
    // A signal has interrupted the sleep.
    if (errno === EINTR) return 0;
    if (napped) {
      // The library has the function, but the system does not (ENOSYS), or forbids it (EPERM).
      this.#canNap = false;
      return 0;
    }
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
