/**
 * The open resources of a reactor.
 *
 * They form a linked list and not a `Set`: when the table of a `Set` is full, a new one replaces
 * it, and the old one keeps its elements and a link to the new one. With many short connections,
 * each connection would survive until the next full garbage collection, which took 16 of the 70
 * microseconds of processor time of a connection that greets and closes. The links are fields of
 * the resources, because an object for each place would take memory for each idle connection.
 *
 * @module
 */

import { callLogged, classNameOf } from "../../defer/guarded_call.ts";
import { noteCreated, recording } from "../../defer/debug.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { Traffic } from "./traffic.ts";

// The keys of a resource's neighbours in the list: no other object has them by accident.

/** The key of the resource that was opened before. */
export const previousResource: unique symbol = Symbol("previousResource");
/** The key of the resource that was opened next. */
export const nextResource: unique symbol = Symbol("nextResource");

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
  /**
   * Returns a line for `reactor.describe()`. Without this method, the line is the result of
   * `toString()`.
   */
  describe?(): string;
  /**
   * The resource before this one in the list of open resources, which sets it; `null` or absent if
   * this one is not open.
   */
  [previousResource]?: ReactorResource | null | undefined;
  /**
   * The resource after this one in the list of open resources, which sets it; `null` or absent if
   * this one is not open.
   */
  [nextResource]?: ReactorResource | null | undefined;
}

/**
 * The open resources of one reactor. The list is a ring, and this object is its end: it comes after
 * the last resource and before the first one.
 */
export class ReactorResources implements ReactorResource {
  /** The last resource; the list itself if it is empty. */
  [previousResource]: ReactorResource = this;
  /** The first resource; the list itself if it is empty. */
  [nextResource]: ReactorResource = this;
  #size = 0;
  /**
   * Counters of the connections among the resources.
   *
   * @internal
   */
  readonly traffic: Traffic = new Traffic();
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
    return this.#size;
  }

  /** Returns a copy of the list of open resources, in the order in which they were added. */
  list(): ReactorResource[] {
    const open: ReactorResource[] = [];
    for (let resource = this[nextResource]; resource !== this;) {
      open.push(resource);
      resource = resource[nextResource] ?? this;
    }
    return open;
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
    this.#append(resource);
    creationTracker?.resource(this, resource, maker);
    // The call stack of a resource with a maker is that of the event loop.
    if (recording && maker === undefined) noteCreated(resource, this.add);
    if (this.#shutDown) this.#shutDownSoon(resource);
  }

  /** Removes a resource that has closed. */
  delete(resource: ReactorResource): void {
    this.#remove(resource);
    if (this.#size > 0) return;
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
    if (this.#size === 0) callLogged(f, [], WHEN_EMPTY);
    else this.#emptied = f;
  }

  #append(resource: ReactorResource): void {
    if (resource[nextResource]) return;
    if (!(nextResource in resource)) hideLinks(resource);
    const last = this[previousResource];
    resource[previousResource] = last;
    resource[nextResource] = this;
    this[previousResource] = last[nextResource] = resource;
    this.#size++;
  }

  #remove(resource: ReactorResource): void {
    const { [previousResource]: previous, [nextResource]: next } = resource;
    if (!previous || !next) return;
    previous[nextResource] = next;
    next[previousResource] = previous;
    // A removed resource keeps no other one in memory.
    resource[previousResource] = resource[nextResource] = null;
    this.#size--;
  }

  /** Closes a resource, unless it closes itself, when the running code has returned. */
  #shutDownSoon(resource: ReactorResource): void {
    this.#soon(() => {
      if (resource[nextResource]) this.#notify(resource, "shutDown");
    });
  }

  /** Calls a method of a resource. An error is logged and does not affect other resources. */
  #notify(resource: ReactorResource, method: "shutDown" | "unref"): void {
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

/** Makes the links of a resource invisible: if it is printed or compared, it shows no other one. */
function hideLinks(resource: ReactorResource): void {
  const hidden = { value: null, writable: true, enumerable: false };
  Object.defineProperty(resource, previousResource, hidden);
  Object.defineProperty(resource, nextResource, hidden);
}
