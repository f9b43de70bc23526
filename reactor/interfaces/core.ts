/**
 * The life of a reactor.
 *
 * @module
 */

/** When a trigger runs within its event. */
export type EventPhase = "before" | "during" | "after";

/** What {@linkcode IReactorCore.addSystemEventTrigger} returns: good for taking the trigger away again. */
export interface SystemEventTriggerID {
  /** The event that the trigger waits for. */
  readonly eventType: string;
  /** The phase in which it runs. */
  readonly phase: EventPhase;
}

/** How a reactor is run. */
export interface RunOptions {
  /**
   * Whether SIGINT, SIGTERM and (on Windows) SIGBREAK stop the reactor.
   *
   * @default {true}
   */
  installSignalHandlers?: boolean | undefined;
  /** Stops the reactor when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** A handler for a process signal, called with the signal's name. */
export type SignalHandler = (signal: Deno.Signal) => unknown;

/** The life of a reactor. Twisted's `IReactorCore`. */
export interface IReactorCore {
  /** Whether the reactor runs: true from `during startup` until `during shutdown`. */
  readonly running: boolean;
  /**
   * Runs the reactor until it is stopped.
   *
   * Startup fires before this returns, unless a `before startup` trigger waits. The process stays alive until the
   * promise settles, with nothing to do too.
   *
   * @returns A promise that is fulfilled when the reactor has stopped and has let go of everything it held. It is rejected with
   *   `ReactorAlreadyRunning` when the reactor runs already, and with `ReactorNotRestartable` when it has been stopped before.
   */
  run(options?: RunOptions): Promise<void>;
  /**
   * Ends the reactor: fires `shutdown` once the calls that are due now have been made.
   *
   * @throws {ReactorNotRunning} when it does not run, or is stopping already.
   */
  stop(): void;
  /** Ends the reactor at once: no shutdown event, nothing is closed. It may be run again. */
  crash(): void;
  /**
   * Calls `f(...args)` at once when the reactor runs, else when it has started.
   *
   * @returns The trigger that waits for the start, or `null` when the call has been made.
   */
  callWhenRunning<A extends unknown[]>(
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID | null;
  /**
   * Has `f(...args)` called the next time the event fires, once.
   *
   * A `before` trigger may return a Deferred or a promise and so hold the other phases back. What a trigger throws is logged, and the
   * others still run.
   *
   * @param phase `"before"`, `"during"` or `"after"`.
   * @param eventType `"startup"`, `"shutdown"`, `"persist"`, or any name of your own.
   * @throws {RangeError} for another phase.
   * @throws {TypeError} when `f` is not a function.
   */
  addSystemEventTrigger<A extends unknown[]>(
    phase: EventPhase,
    eventType: string,
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID;
  /**
   * Takes a trigger away.
   *
   * @throws {RangeError} when it has fired, has been removed, or belongs to another reactor.
   */
  removeSystemEventTrigger(id: SystemEventTriggerID): void;
  /** Fires an event: its `before` triggers, then, when they are done, `during` and `after`. */
  fireSystemEvent(eventType: string): void;
  /** What SIGINT does by default: logs it and stops the reactor. */
  sigInt(): void;
  /** What SIGTERM does by default: logs it and stops the reactor. */
  sigTerm(): void;
  /** What SIGBREAK does by default: logs it and stops the reactor. */
  sigBreak(): void;
  /**
   * Handles a process signal while the reactor runs. The default handler of that signal, if any, steps back.
   *
   * @throws {TypeError} when this system cannot deliver that signal.
   */
  addSignalHandler(signal: Deno.Signal, handler: SignalHandler): void;
  /**
   * Takes a handler away. With the last one gone, the default handler is back.
   *
   * @throws {RangeError} when the handler was not added.
   */
  removeSignalHandler(signal: Deno.Signal, handler: SignalHandler): void;
}
