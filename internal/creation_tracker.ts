/**
 * The place where a test learns which timed calls, ports and connections are made.
 *
 * Without such a test there is no tracker, and each creation costs one comparison.
 *
 * @module
 */

/** Receives each creation of an object that a test must not leave behind. */
export interface CreationTracker {
  /**
   * Called when a timed call has been made.
   *
   * @param queue The queue that the call belongs to.
   * @param call The call.
   */
  timedCall(queue: TimedCallQueue, call: object): void;
  /**
   * Called when a port, a connection or another resource has opened.
   *
   * @param registry The open resources of its reactor.
   * @param resource The resource.
   * @param maker The port or connector that made it, if any.
   */
  resource(registry: ResourceRegistry, resource: object, maker?: object): void;
  /** Called when a port, a connector or another maker of connections has been made. */
  maker(maker: object): void;
  /** Called when a reactor starts to run. */
  reactor(reactor: RunningState): void;
  /** Returns the place where an object was made, as the call stack of the user's code. */
  placeOf(made: object): readonly string[];
}

/** A queue of timed calls. */
export interface TimedCallQueue {
  /** Returns the pending calls. */
  pending(): readonly object[];
}

/** The open resources of a reactor. */
export interface ResourceRegistry {
  /** Returns the open resources. */
  list(): readonly object[];
}

/** A reactor, as far as a test for what is left behind uses it. */
export interface RunningState {
  /** Whether the reactor runs. */
  readonly running: boolean;
}

/** The tracker; `null` without one. A variable, because a call would be too slow. */
export let creationTracker: CreationTracker | null = null;

/** Sets or removes the tracker. */
export function setCreationTracker(tracker: CreationTracker | null): void {
  creationTracker = tracker;
}
