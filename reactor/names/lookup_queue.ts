/**
 * A limit on the lookups of host names that run at the same time.
 *
 * A lookup cannot be aborted, and may take many seconds: without a limit, peers that connect and
 * disconnect could start any number of them, for a server that connects to a name for each. They
 * would occupy every thread that the host has for such work.
 *
 * @module
 */

import type { ResolveHostNameOptions } from "../interfaces/mod.ts";

/** The parameters that the result of a lookup depends on. */
export type LookupOptions = Omit<ResolveHostNameOptions, "signal">;

/** Starts a lookup, which cannot be aborted. */
export type StartLookup = (hostName: string, options: LookupOptions) => Promise<string[]>;

/** A lookup that waits or runs, and the callers that wait for its result. */
interface SharedLookup {
  readonly start: () => Promise<string[]>;
  readonly callers: Set<PromiseWithResolvers<string[]>>;
  isRunning: boolean;
}

/** Runs a limited number of lookups at once, in order. Equal lookups share one run. */
export class LookupQueue {
  readonly #start: StartLookup;
  readonly #limit: number;
  /** The lookups that wait or run, in the order in which they were requested. */
  readonly #lookups = new Map<string, SharedLookup>();
  #running = 0;

  /**
   * @param start Starts one lookup.
   * @param limit The number of lookups that may run at the same time.
   */
  constructor(start: StartLookup, limit: number) {
    this.#start = start;
    this.#limit = limit;
  }

  /**
   * Looks up the addresses of a host name.
   *
   * @param hostName The host name.
   * @param options The address family and further parameters. When the signal aborts, the promise
   *   rejects with its reason. A lookup that still waits is dropped if no other caller needs it.
   * @returns A promise for the addresses.
   */
  resolve(
    hostName: string,
    { signal, ...options }: ResolveHostNameOptions,
  ): Promise<string[]> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const key = JSON.stringify([hostName, options.family, options.port]);
    const lookup = this.#lookups.getOrInsertComputed(key, () => ({
      start: () => this.#start(hostName, options),
      callers: new Set<PromiseWithResolvers<string[]>>(),
      isRunning: false,
    }));
    const caller = Promise.withResolvers<string[]>();
    lookup.callers.add(caller);
    const abort = (): void => {
      lookup.callers.delete(caller);
      if (lookup.callers.size === 0 && !lookup.isRunning) this.#lookups.delete(key);
      caller.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#startNext();
    return caller.promise.finally(() => signal.removeEventListener("abort", abort));
  }

  #startNext(): void {
    for (const [key, lookup] of this.#lookups) {
      if (this.#running >= this.#limit) return;
      if (!lookup.isRunning) void this.#run(key, lookup);
    }
  }

  async #run(key: string, lookup: SharedLookup): Promise<void> {
    lookup.isRunning = true;
    this.#running++;
    const [outcome] = await Promise.allSettled([lookup.start()]);
    this.#running--;
    this.#lookups.delete(key);
    for (const caller of lookup.callers) {
      if (outcome.status === "rejected") caller.reject(outcome.reason);
      // Each caller receives its own copy of the addresses, because callers may change their array.
      else caller.resolve([...outcome.value]);
    }
    this.#startNext();
  }
}
