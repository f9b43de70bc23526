/**
 * The base class of reactors: lifecycle, timed calls, system events and process signals.
 *
 * @module
 */

import { reportAtEndOfTurn } from "../../defer/unhandled.ts";
import { msg } from "../../log/mod.ts";
import { nameOfCallable } from "../time/delayed_call.ts";
import { TimedCalls } from "../time/timed_calls.ts";
import { ReactorAlreadyRunning, ReactorNotRestartable, ReactorNotRunning } from "../errors.ts";
import { HostTimer } from "../time/host_timer.ts";
import type { LoopTimer, MakeLoopTimer } from "../time/loop_timer.ts";
import type {
  DescribeOptions,
  EventPhase,
  IDelayedCall,
  IReactorCore,
  IReactorObservability,
  IReactorObserver,
  IReactorThreads,
  IReactorTime,
  ReactorStats,
  RunOptions,
  SignalHandler,
  SystemEventTriggerID,
} from "../interfaces/mod.ts";
import { checkObserver } from "./argument_checks.ts";
import { ReactorResources } from "./open_resources.ts";
import { Signals, type SignalSource } from "./signals.ts";
import { type EventHooks, SystemEvent } from "./system_event.ts";
import { describeReactor } from "./description.ts";
import { LoopMeter } from "./loop_meter.ts";
import { ReactorObservers } from "./reactor_observers.ts";
import { CrossThreadCalls } from "./cross_thread_calls.ts";
import { noteCreated, recording } from "../../defer/debug.ts";
import { slowCallbacks } from "../../defer/slow_callbacks.ts";
import { callLogged, logRejection, logUserError } from "../../defer/guarded_call.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { checkFunction, checkInteger, quote } from "../../internal/validation.ts";

const NO_ARGUMENTS: readonly unknown[] = [];

const IN_LOOP = "Error while running the reactor's loop";

/** The delay in seconds before the loop tries again after its clock or timer has failed. */
const RETRY = 0.1;

/** Options of {@linkcode ReactorBase}. */
export interface ReactorBaseOptions {
  /** The source of process signals. */
  signalSource: SignalSource;
  /** The signals that stop the reactor unless the application handles them. */
  stopSignals: readonly Deno.Signal[];
  /**
   * Creates the clock and timer of the reactor.
   *
   * @default {The clock and timers of the host.}
   */
  loopTimer?: MakeLoopTimer | undefined;
}

/**
 * The base class of reactors. Twisted's `twisted.internet.base.ReactorBase`.
 *
 * Unlike in Twisted, `run()` does not block but returns a promise. The order of events is the same:
 * the reactor is running from `during startup` on, `stop()` fires `shutdown` after the calls that
 * are due, and `during shutdown` the reactor stops running and closes its resources.
 */
export abstract class ReactorBase
  implements
    IReactorCore,
    IReactorTime,
    IReactorObservability,
    Pick<IReactorThreads, "callFromThread"> {
  readonly #calls: TimedCalls = new TimedCalls({
    seconds: () => this.loopTimer.seconds(),
    onEarlier: () => this.#setAlarm(),
  });
  readonly #meter = new LoopMeter();
  readonly #makeCall = (f: () => unknown): void => {
    this.#meter.callsMade++;
    const left = slowCallbacks?.enter();
    callLogged(f, NO_ARGUMENTS, "Error while making a timed call of callLater()");
    if (left !== undefined) reportCall(left, f);
  };
  readonly #turnCalls = new CrossThreadCalls();
  readonly #events = new Map<string, SystemEvent>();
  readonly #signals: Signals;
  readonly #stopSignals: readonly Deno.Signal[];
  #installSignalHandlers = true;
  /** Resolves the promise of `run()`; `null` if there is none. */
  #end: (() => void) | null = null;
  #started = false;
  #running = false;
  #stopped = false;
  #shutdownDue = false;
  /** Whether a second signal has come before the shutdown has begun. */
  #hurried = false;
  #inTurn = false;
  #used = false;

  /** The clock and timer of this reactor, for subclasses. */
  protected readonly loopTimer: LoopTimer;

  /** The open resources of this reactor, for subclasses. */
  protected readonly resources: ReactorResources = new ReactorResources((f) =>
    this.loopTimer.soon(f)
  );

  /**
   * Creates a reactor.
   *
   * @param options The signals and their source, and the timer.
   */
  constructor(options: ReactorBaseOptions) {
    const [wake, changed] = [() => this.#turn(), () => this.#setAlarm()];
    this.loopTimer = options.loopTimer?.(wake, changed) ?? new HostTimer(wake, changed);
    this.#signals = new Signals(options.signalSource);
    this.#stopSignals = options.stopSignals;
  }

  get running(): boolean {
    return this.#running;
  }

  /**
   * Whether the reactor has been used. `installReactor` cannot replace a reactor that has been
   * used.
   */
  get used(): boolean {
    return this.#used;
  }

  /** Marks this reactor as used. Subclasses call it in methods that change the reactor. */
  protected use(): void {
    this.#used = true;
  }

  run(options?: RunOptions): Promise<void> {
    this.use();
    if (this.#started) return Promise.reject(new ReactorAlreadyRunning());
    if (this.#stopped) return Promise.reject(new ReactorNotRestartable());
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = () => this.#stopIfStarted();
    options?.signal?.addEventListener("abort", stop);
    this.#end = () => {
      options?.signal?.removeEventListener("abort", stop);
      this.#end = null;
      this.loopTimer.clear();
      reportAtEndOfTurn();
      msg("Main loop terminated.");
      resolve();
    };
    this.#installSignalHandlers = options?.installSignalHandlers ?? true;
    this.#started = true;
    creationTracker?.reactor(this);
    callLogged(() => this.#meter.start(this.loopTimer.seconds()), NO_ARGUMENTS, IN_LOOP);
    this.#setAlarm();
    this.fireSystemEvent("startup");
    if (options?.signal?.aborted) stop();
    return promise;
  }

  stop(): void {
    if (!this.#started || this.#stopped) throw new ReactorNotRunning();
    this.#stopped = true;
    this.#shutdownDue = true;
    // If stop() was called within a turn, that turn fires the shutdown event at its end. Otherwise
    // another turn, which comes when the running code has returned, fires it.
    if (!this.#inTurn) this.loopTimer.soon(() => this.#turn());
  }

  crash(): void {
    this.#leave();
    this.#events.get("shutdown")?.abandon();
    this.resources.unref();
    this.#end?.();
  }

  callWhenRunning<A extends unknown[]>(
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID | null {
    if (!this.#running) return this.addSystemEventTrigger("after", "startup", f, ...args);
    checkFunction("callWhenRunning() callable", f);
    // If `f` throws, the caller receives the error. If `f` returns a promise that rejects, only the
    // log can report the rejection, because the promise is not returned.
    logRejection(f(...args), "Error while making a call of callWhenRunning()");
    return null;
  }

  addSystemEventTrigger<A extends unknown[]>(
    phase: EventPhase,
    eventType: string,
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID {
    this.use();
    checkFunction("addSystemEventTrigger() callable", f);
    const event = this.#events.get(eventType) ?? this.#newEvent(eventType);
    return event.add(phase, f, args);
  }

  removeSystemEventTrigger(id: SystemEventTriggerID): void {
    const event = this.#events.get(id?.eventType);
    if (event === undefined) {
      throw new RangeError(
        `Cannot remove the trigger ${quote(id)}: this reactor has no such event`,
      );
    }
    event.remove(id);
  }

  fireSystemEvent(eventType: string): void {
    this.use();
    const hooks = this.#hooks(eventType);
    // The reactor acts on its own events, `startup` and `shutdown`, through hooks. Such an event
    // must therefore fire even if it has no triggers.
    const event = this.#events.get(eventType) ??
      (hooks === null ? null : this.#newEvent(eventType));
    event?.fire(hooks ?? {});
  }

  seconds(): number {
    return this.loopTimer.seconds();
  }

  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    this.#used = true;
    const call = this.#calls.callLater(delay, f, args);
    if (recording) noteCreated(call, this.callLater);
    return call;
  }

  /**
   * Calls `f(...args)` in the reactor's next turn, before the timed calls that are due then. An
   * error that `f` throws is logged. See `IReactorThreads.callFromThread`.
   *
   * @throws {TypeError} If `f` is not a function.
   */
  callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void {
    this.use();
    checkFunction("callFromThread() callable", f);
    this.#turnCalls.add(f, args);
    // The first call sets the alarm to wake the reactor, so further calls in the same turn need no
    // alarm.
    if (this.#turnCalls.length === 1 || this.loopTimer.isOutdated) this.#setAlarm();
  }

  getDelayedCalls(): IDelayedCall[] {
    return this.#calls.pending();
  }

  describe(options: DescribeOptions = {}): string {
    const { limit = 100 } = options;
    checkInteger("describe() limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return describeReactor({
      running: this.#running,
      resources: this.resources.list(),
      calls: this.#calls.pending(),
      limit,
    });
  }

  stats(): ReactorStats {
    const { callsMade, turnTime, lateness } = this.#meter;
    return {
      openResources: this.resources.size,
      ...this.resources.traffic.totals(this.resources.list()),
      pendingCalls: this.#calls.pendingCount,
      callsMade,
      turnTime: turnTime.stats(),
      lateness: lateness.stats(),
    };
  }

  observe(observer: IReactorObserver): Disposable {
    checkObserver(observer);
    const { traffic } = this.resources;
    return (traffic.observers ??= new ReactorObservers(this)).add(observer);
  }

  sigInt(): void {
    this.#stopOnSignal("SIGINT");
  }

  sigTerm(): void {
    this.#stopOnSignal("SIGTERM");
  }

  sigBreak(): void {
    this.#stopOnSignal("SIGBREAK");
  }

  addSignalHandler(signal: Deno.Signal, handler: SignalHandler): void {
    this.use();
    checkFunction("addSignalHandler() handler", handler);
    this.#signals.add(signal, handler);
  }

  removeSignalHandler(signal: Deno.Signal, handler: SignalHandler): void {
    this.#signals.remove(signal, handler);
  }

  #newEvent(eventType: string): SystemEvent {
    const event = new SystemEvent(eventType);
    this.#events.set(eventType, event);
    return event;
  }

  #hooks(eventType: string): EventHooks | null {
    if (eventType === "startup") return { during: () => this.#reallyStart() };
    if (eventType === "shutdown") {
      return {
        during: () => this.#shutDown(),
        done: () => this.resources.whenEmpty(() => this.#end?.()),
      };
    }
    return null;
  }

  #reallyStart(): void {
    // The application has fired the `startup` event itself, without run(), so the reactor does not
    // start.
    if (!this.#started) return;
    this.#running = true;
    this.#signals.install(
      this.#installSignalHandlers ? this.#stopSignals : [],
      (signal) => this.#receive(signal),
    );
  }

  #shutDown(): void {
    this.#leave();
    // The pending alarm keeps the process alive until all resources are closed.
    if (this.#end !== null) this.loopTimer.set(Infinity);
    this.resources.shutDown();
  }

  #leave(): void {
    this.#started = this.#running = this.#shutdownDue = false;
    this.loopTimer.clear();
    this.#signals.uninstall();
    // A `before startup` trigger may still be pending. Its event must not start the reactor after
    // the shutdown.
    this.#events.get("startup")?.abandon();
  }

  /**
   * Runs one turn of the loop: the calls that are due, then the shutdown if `stop()` was called.
   */
  #turn(): void {
    // The reactor may have stopped since this turn was scheduled. The alarm may also fire within a
    // turn, if a timed call starts faked time; turns must not be nested.
    if (!this.#started || this.#inTurn) return;
    this.#inTurn = true;
    let ended: number | undefined;
    try {
      ended = this.#makeCalls();
    } catch (error) {
      logUserError(error, IN_LOOP);
    } finally {
      this.#inTurn = false;
    }
    if (this.#shutdownDue) {
      this.#shutdownDue = false;
      this.fireSystemEvent("shutdown");
      if (this.#hurried) this.#events.get("shutdown")?.forceClose();
      ended = undefined;
    }
    this.#setAlarm(ended);
  }

  /**
   * Makes the calls from threads, and then the timed calls that are due.
   *
   * @returns The time at the end, in seconds. Reading it again would cost more than counting.
   */
  #makeCalls(): number {
    const started = this.loopTimer.seconds();
    const hasTurnCalls = this.#turnCalls.length > 0;
    this.#turnCalls.run();
    const now = hasTurnCalls ? this.loopTimer.seconds() : started;
    const isAnyDue = this.#calls.isAnyDue(now);
    if (!isAnyDue && !hasTurnCalls) return now;
    const lateness = isAnyDue ? this.#meter.callsDue(this.#calls.nextDue() ?? now, now) : null;
    this.#calls.runDue(now, this.#makeCall);
    const ended = this.loopTimer.seconds();
    const seconds = this.#meter.turnEnded(started, ended);
    this.resources.traffic.turnEnded(seconds, lateness);
    return ended;
  }

  /**
   * Sets the wake-up for the earliest call, which also keeps the process alive. Within a turn, the
   * end of the turn does that. Never throws, because a reactor without a wake-up would never run
   * again.
   *
   * @param now The current time in seconds, if it is known.
   */
  #setAlarm(now?: number): void {
    if (!this.#started || this.#inTurn) return;
    try {
      this.loopTimer.set(this.#turnCalls.length > 0 ? 0 : this.#calls.wait(now));
    } catch (error) {
      logUserError(error, IN_LOOP);
      this.loopTimer.setGenuine(RETRY);
    }
  }

  #stopIfStarted(): void {
    if (this.#started && !this.#stopped) this.stop();
  }

  #receive(signal: Deno.Signal): void {
    if (signal === "SIGINT") this.sigInt();
    else if (signal === "SIGBREAK") this.sigBreak();
    else this.sigTerm();
  }

  #stopOnSignal(signal: Deno.Signal): void {
    if (this.#started && this.#stopped) {
      msg(`Received ${signal} while shutting down: no longer waiting for the "before" triggers.`);
      if (this.#shutdownDue) this.#hurried = true;
      else this.#events.get("shutdown")?.forceClose();
      return;
    }
    this.stop();
    msg(`Received ${signal}, shutting down.`);
  }
}

/** Ends a measurement. A function within the measuring one would cost memory for each call. */
function reportCall(left: (name: () => string) => void, f: (...args: never[]) => unknown): void {
  left(() => `the timed call ${nameOfCallable(f)}`);
}
