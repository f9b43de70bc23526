/**
 * The open resources of a reactor.
 *
 * They form a linked list and not a `Set`: when the table of a `Set` is full, a new one replaces
 * it, and the old one keeps its elements and a link to the new one. With many short connections,
 * each connection would survive until the next full garbage collection, which took 16 of the 70
 * microseconds of processor time of a connection that greets and closes.
 *
 * @module
 */

import { callLogged, classNameOf } from "../../defer/guarded_call.ts";
import { noteCreated, recording } from "../../defer/debug.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { Traffic } from "./traffic.ts";

/** The key of a resource's place in the list: no other object has it by accident. */
export const resourcePlace: unique symbol = Symbol("resourcePlace");

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
  /** The place in the list of open resources, which sets it; `null` or absent if it is not open. */
  [resourcePlace]?: ResourcePlace | null | undefined;
}

/** The place of a resource in the list of open resources. */
export interface ResourcePlace {
  /** The resource. */
  readonly resource: ReactorResource;
  /** The place before; `null` for the first. */
  previous: ResourcePlace | null;
  /** The place after; `null` for the last. */
  next: ResourcePlace | null;
}

/** A place whose links are private: a connection that is printed or compared shows no others. */
class Place implements ResourcePlace {
  readonly #resource: ReactorResource;
  #previous: ResourcePlace | null;
  #next: ResourcePlace | null = null;

  constructor(resource: ReactorResource, previous: ResourcePlace | null) {
    this.#resource = resource;
    this.#previous = previous;
  }

  get resource(): ReactorResource {
    return this.#resource;
  }

  get previous(): ResourcePlace | null {
    return this.#previous;
  }

  set previous(place: ResourcePlace | null) {
    this.#previous = place;
  }

  get next(): ResourcePlace | null {
    return this.#next;
  }

  set next(place: ResourcePlace | null) {
    this.#next = place;
  }
}

/** The open resources of one reactor. */
export class ReactorResources {
  #first: ResourcePlace | null = null;
  #last: ResourcePlace | null = null;
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
    for (let place = this.#first; place !== null; place = place.next) open.push(place.resource);
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
    if (!this.#shutDown) return;
    this.#soon(() => {
      if (resource[resourcePlace]) this.#notify(resource, "shutDown");
    });
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
    if (resource[resourcePlace]) return;
    const place = new Place(resource, this.#last);
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = resource[resourcePlace] = place;
    this.#size++;
  }

  #remove(resource: ReactorResource): void {
    const place = resource[resourcePlace];
    if (!place) return;
    const { previous, next } = place;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    // A removed place keeps no other one in memory.
    resource[resourcePlace] = place.previous = place.next = null;
    this.#size--;
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
