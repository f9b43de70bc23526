/**
 * The open resources of a reactor.
 *
 * @module
 */

import { callLogged, classNameOf } from "../../defer/guarded_call.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";

const WHEN_EMPTY = "Error while making a call of whenEmpty()";

/** A resource that a reactor closes when it stops: a connection, a port or a connection attempt. */
export interface ReactorResource {
  /**
   * Closes the resource immediately. The resource calls {@linkcode ReactorResources.delete} when it
   * has been released, during this call or later.
   */
  shutDown(): void;
  /** Stops keeping the process alive. */
  unref(): void;
}

/** The open resources of one reactor. */
export class ReactorResources {
  readonly #open = new Set<ReactorResource>();
  readonly #soon: (f: () => void) => void;
  #shutDown = false;
  #emptied: (() => void) | null = null;

  /**
   * Creates an empty list.
   *
   * @param soon Calls a function when the running code has returned.
   */
  constructor(soon: (f: () => void) => void = queueMicrotask) {
    this.#soon = soon;
  }

  /** The number of open resources. */
  get size(): number {
    return this.#open.size;
  }

  /** Returns a copy of the list of open resources. */
  list(): ReactorResource[] {
    return [...this.#open];
  }

  /**
   * Adds a resource when it opens. A resource that is added after the shutdown is closed as soon as
   * the running code returns.
   *
   * @param resource The resource.
   * @param maker The port or connector that made it, if any. A test that finds the resource still
   *   open names the place where its maker was made.
   */
  add(resource: ReactorResource, maker?: object): void {
    this.#open.add(resource);
    creationTracker?.resource(this, resource, maker);
    if (!this.#shutDown) return;
    this.#soon(() => {
      if (this.#open.has(resource)) this.#notify(resource, "shutDown");
    });
  }

  /** Removes a resource that has closed. */
  delete(resource: ReactorResource): void {
    this.#open.delete(resource);
    if (this.#open.size > 0) return;
    const emptied = this.#takeEmptied();
    if (emptied !== null) callLogged(emptied, [], WHEN_EMPTY);
  }

  /** Closes all resources, now and when they are added later. */
  shutDown(): void {
    this.#shutDown = true;
    for (const resource of this.list()) this.#notify(resource, "shutDown");
  }

  /** Allows the process to exit while resources are open. */
  unref(): void {
    for (const resource of this.list()) this.#notify(resource, "unref");
  }

  /** Calls `f` once, when no resource is open: immediately, or when the last one has closed. */
  whenEmpty(f: () => void): void {
    if (this.#open.size === 0) callLogged(f, [], WHEN_EMPTY);
    else this.#emptied = f;
  }

  /** Calls a method of a resource. An error is logged and does not affect other resources. */
  #notify(resource: ReactorResource, method: keyof ReactorResource): void {
    callLogged(
      () => resource[method](),
      [],
      `Error while calling ${method} of ${classNameOf(resource)}`,
    );
  }

  #takeEmptied(): (() => void) | null {
    const emptied = this.#emptied;
    this.#emptied = null;
    return emptied;
  }
}
