/**
 * Starting and stopping a reactor, system events and process signals.
 *
 * @module
 */

/** The phase of a system event in which a trigger runs. */
export type EventPhase = "before" | "during" | "after";

/**
 * Identifies a trigger. {@linkcode IReactorCore.addSystemEventTrigger} returns it, and
 * {@linkcode IReactorCore.removeSystemEventTrigger} accepts it.
 */
export interface SystemEventTriggerID {
  /** The event that runs the trigger. */
  readonly eventType: string;
  /** The phase in which the trigger runs. */
  readonly phase: EventPhase;
}

/** Options of {@linkcode IReactorCore.run}. */
export interface RunOptions {
  /**
   * Whether SIGINT, SIGTERM and (on Windows) SIGBREAK stop the reactor.
   *
   * @default {true}
   */
  installSignalHandlers?: boolean | undefined;
  /** A signal that stops the reactor when it aborts. */
  signal?: AbortSignal | undefined;
}

/** A handler for a process signal. The reactor calls it with the signal's name. */
export type SignalHandler = (signal: Deno.Signal) => unknown;

/** Starting and stopping, system events and process signals. Twisted's `IReactorCore`. */
export interface IReactorCore {
  /** Whether the reactor is running: `true` from `during startup` until `during shutdown`. */
  readonly running: boolean;
  /**
   * Runs the reactor until it is stopped.
   *
   * The `startup` event fires before this method returns, unless a `before startup` trigger returns
   * a pending promise. The process stays alive until the promise settles, even if the reactor is
   * idle.
   *
   * @returns A promise that resolves when the reactor has stopped and has closed all of its
   *   resources. It rejects with `ReactorAlreadyRunning` if the reactor is already running, and
   *   with `ReactorNotRestartable` if it has been stopped before.
   */
  run(options?: RunOptions): Promise<void>;
  /**
   * Stops the reactor: makes the calls that are due now, then fires the `shutdown` event.
   *
   * @throws {ReactorNotRunning} If the reactor is not running or is already stopping.
   */
  stop(): void;
  /**
   * Stops the reactor immediately, without a `shutdown` event and without closing any connection
   * or port. The reactor may be run again.
   */
  crash(): void;
  /**
   * Calls `f(...args)` immediately if the reactor is running, and otherwise when it has started.
   *
   * @returns The trigger that makes the call at startup, or `null` if the call was made
   *   immediately.
   */
  callWhenRunning<A extends unknown[]>(
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID | null;
  /**
   * Registers a trigger: `f(...args)` is called the next time that the event fires, and only that
   * time.
   *
   * If a `before` trigger returns a Deferred or a promise, the event waits for it before its next
   * phase. An error that a trigger throws is logged, and the other triggers still run.
   *
   * @param phase `"before"`, `"during"` or `"after"`.
   * @param eventType `"startup"`, `"shutdown"`, `"persist"`, or the name of a custom event.
   * @throws {RangeError} If the phase is not one of the three.
   * @throws {TypeError} If `f` is not a function.
   */
  addSystemEventTrigger<A extends unknown[]>(
    phase: EventPhase,
    eventType: string,
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID;
  /**
   * Removes a trigger.
   *
   * @throws {RangeError} If the trigger has fired, has been removed, or belongs to another reactor.
   */
  removeSystemEventTrigger(id: SystemEventTriggerID): void;
  /**
   * Fires an event: runs its `before` triggers and, when they have completed, its `during` and
   * `after` triggers.
   */
  fireSystemEvent(eventType: string): void;
  /** Logs SIGINT and stops the reactor. This is the default handler of SIGINT. */
  sigInt(): void;
  /** Logs SIGTERM and stops the reactor. This is the default handler of SIGTERM. */
  sigTerm(): void;
  /** Logs SIGBREAK and stops the reactor. This is the default handler of SIGBREAK. */
  sigBreak(): void;
  /**
   * Registers a handler for a process signal while the reactor runs. It replaces the reactor's
   * default handler for that signal.
   *
   * @throws {TypeError} If this operating system cannot deliver the signal.
   */
  addSignalHandler(signal: Deno.Signal, handler: SignalHandler): void;
  /**
   * Removes a handler. When the last handler for a signal is removed, the reactor's default handler
   * becomes active again.
   *
   * @throws {RangeError} If the handler is not registered.
   */
  removeSignalHandler(signal: Deno.Signal, handler: SignalHandler): void;
}
