/**
 * What a reactor holds open.
 *
 * @module
 */

import { callLogged, classNameOf } from "../../defer/guarded_call.ts";

const WHEN_EMPTY = "While making a call of whenEmpty()";

/** Something open that a reactor closes when it stops: a connection, a port, an attempt to connect. */
export interface ReactorResource {
  /** Closes at once. {@linkcode ReactorResources.delete} follows, during this call or later, when nothing of it is left. */
  shutDown(): void;
  /** Stops holding the process. */
  unref(): void;
}

/** The open resources of one reactor. */
export class ReactorResources {
  readonly #open = new Set<ReactorResource>();
  #shutDown = false;
  #emptied: (() => void) | null = null;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The open ones, as they are now. */
  list(): ReactorResource[] {
    return [...this.#open];
  }

  /** Notes a resource when it opens. One that opens after the shutdown is closed when the running code returns: it could not be used. */
  add(resource: ReactorResource): void {
    this.#open.add(resource);
    if (!this.#shutDown) return;
    queueMicrotask(() => {
      if (this.#open.has(resource)) this.#tell(resource, "shutDown");
    });
  }

  /** Forgets a resource that has closed. */
  delete(resource: ReactorResource): void {
    this.#open.delete(resource);
    if (this.#open.size > 0) return;
    const emptied = this.#takeEmptied();
    if (emptied !== null) callLogged(emptied, [], WHEN_EMPTY);
  }

  /** Closes all that is open, for good. */
  shutDown(): void {
    this.#shutDown = true;
    for (const resource of this.list()) this.#tell(resource, "shutDown");
  }

  /** Lets the process end although they are open. */
  unref(): void {
    for (const resource of this.list()) this.#tell(resource, "unref");
  }

  /** Calls `f` once nothing is open: now, or when the last one has closed. */
  whenEmpty(f: () => void): void {
    if (this.#open.size === 0) callLogged(f, [], WHEN_EMPTY);
    else this.#emptied = f;
  }

  /** What goes wrong with one resource concerns no other. */
  #tell(resource: ReactorResource, method: keyof ReactorResource): void {
    callLogged(() => resource[method](), [], `While calling ${method} of ${classNameOf(resource)}`);
  }

  #takeEmptied(): (() => void) | null {
    const emptied = this.#emptied;
    this.#emptied = null;
    return emptied;
  }
}
