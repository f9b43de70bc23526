import { ReactorAlreadyRunning } from "../reactor/errors.ts";
import type {
  EventPhase,
  IReactorCore,
  RunOptions,
  SignalHandler,
  SystemEventTriggerID,
} from "../reactor/interfaces/mod.ts";
import { checkFunction } from "../internal/validation.ts";
import {
  callAtOnce,
  type RecordedCall,
  type RecordedTrigger,
  RecordedTriggers,
} from "./recorded_triggers.ts";

/** The record of a call of `addSignalHandler`. */
export interface RecordedSignalHandler {
  /** The signal. */
  readonly signal: Deno.Signal;
  /** The handler. */
  readonly handler: SignalHandler;
}

/**
 * The lifecycle of a {@linkcode MemoryReactor}: system events, of which the test sees the pending
 * triggers, and process signals, which are recorded.
 *
 * `run()` starts the reactor and fires `startup`, `stop()` fires `shutdown`. In Twisted, `run()`
 * cannot return before the end, and therefore stops the reactor at once. Neither method needs the
 * other: `stop()` is recorded and fires `shutdown` even if the reactor does not run.
 *
 * @example
 * ```ts
 * import { MemoryReactor } from "@torsion/reactor/testing";
 *
 * const reactor = new MemoryReactor();
 * reactor.callWhenRunning(() => console.log("started"));
 * reactor.addSystemEventTrigger("before", "shutdown", () => console.log("stopping"));
 * console.log(reactor.triggers.map(({ eventType }) => eventType)); // [ "shutdown" ]
 *
 * const stopped = reactor.run(); // started
 * reactor.stop(); // stopping
 * console.log(reactor.running, reactor.hasStopped); // false true
 * await stopped;
 * ```
 */
export class MemoryReactorCore implements IReactorCore, Disposable {
  /** The handlers of `addSignalHandler` that have not been removed. The test calls them. */
  readonly signalHandlers: RecordedSignalHandler[] = [];
  readonly #triggers = new RecordedTriggers();
  #running = false;
  #hasInstalled = false;
  #hasRun = false;
  #hasStopped = false;
  #hasCrashed = false;
  /** Resolves the promise of `run()`; `null` if the reactor has not been started. */
  #end: (() => void) | null = null;

  // Members for tests.

  /** Whether {@linkcode install} was called. */
  get hasInstalled(): boolean {
    return this.#hasInstalled;
  }

  /** Whether `run()` was called. In Twisted it is `true` from the start. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Whether `stop()` was called. In Twisted it is `true` from the start. */
  get hasStopped(): boolean {
    return this.#hasStopped;
  }

  /** Whether `crash()` was called. In Twisted it is `true` from the start. */
  get hasCrashed(): boolean {
    return this.#hasCrashed;
  }

  /** The pending triggers of `addSystemEventTrigger()`: neither run nor removed, in their order. */
  get triggers(): readonly RecordedTrigger[] {
    return this.#triggers.list("addSystemEventTrigger");
  }

  /** The pending calls of `callWhenRunning()`, in their order. */
  get whenRunningHooks(): readonly RecordedCall[] {
    return this.#triggers.list("callWhenRunning");
  }

  /** Sets {@linkcode hasInstalled}: a stand-in for the function that installs a reactor. */
  install(): void {
    this.#hasInstalled = true;
  }

  // Members of IReactorCore.

  get running(): boolean {
    return this.#running;
  }

  /**
   * Starts the reactor: fires `startup`, and makes the calls of `callWhenRunning()`.
   *
   * @returns A promise that resolves when the reactor has stopped. It rejects with
   *   `ReactorAlreadyRunning` if the reactor is running. Unlike a real reactor, it may run again.
   */
  run({ signal }: RunOptions = {}): Promise<void> {
    if (this.#end !== null) return Promise.reject(new ReactorAlreadyRunning());
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => this.stop();
    signal?.addEventListener("abort", stop);
    this.#end = () => {
      signal?.removeEventListener("abort", stop);
      this.#end = null;
      resolve();
    };
    this.#hasRun = true;
    this.fireSystemEvent("startup");
    if (signal?.aborted) stop();
    return promise;
  }

  /**
   * Fires `shutdown` at once. Unlike on a real reactor, the reactor does not have to run.
   */
  stop(): void {
    this.#hasStopped = true;
    this.fireSystemEvent("shutdown");
  }

  crash(): void {
    this.#hasCrashed = true;
    this.#running = false;
    this.#triggers.abandon("startup");
    this.#triggers.abandon("shutdown");
    this.#end?.();
  }

  /** Stops the reactor if it runs. A trigger of `shutdown` that waits is not waited for. */
  [Symbol.dispose](): void {
    if (this.#running) this.stop();
    if (this.#end !== null) this.crash();
  }

  callWhenRunning<A extends unknown[]>(
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID | null {
    if (!this.#running) return this.#triggers.add("callWhenRunning", "after", "startup", f, args);
    callAtOnce("callWhenRunning", f, args);
    return null;
  }

  addSystemEventTrigger<A extends unknown[]>(
    phase: EventPhase,
    eventType: string,
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID {
    return this.#triggers.add("addSystemEventTrigger", phase, eventType, f, args);
  }

  removeSystemEventTrigger(id: SystemEventTriggerID): void {
    this.#triggers.remove(id);
  }

  fireSystemEvent(eventType: string): void {
    if (eventType === "startup") {
      this.#triggers.fire(eventType, { during: () => this.#running = this.#end !== null });
    } else if (eventType === "shutdown") {
      this.#triggers.fire(eventType, {
        during: () => this.#running = false,
        done: () => this.#end?.(),
      });
    } else {
      this.#triggers.fire(eventType, {});
    }
  }

  sigInt(): void {
    this.stop();
  }

  sigTerm(): void {
    this.stop();
  }

  sigBreak(): void {
    this.stop();
  }

  addSignalHandler(signal: Deno.Signal, handler: SignalHandler): void {
    checkFunction("addSignalHandler() handler", handler);
    this.signalHandlers.push({ signal, handler });
  }

  removeSignalHandler(signal: Deno.Signal, handler: SignalHandler): void {
    const index = this.signalHandlers.findIndex((each) =>
      each.signal === signal && each.handler === handler
    );
    if (index < 0) {
      throw new RangeError(`Cannot remove a handler of ${signal}: this handler was not added`);
    }
    this.signalHandlers.splice(index, 1);
  }
}
