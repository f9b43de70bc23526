import type { SignalSource } from "../../lifecycle/signals.ts";

// The system lets no process handle these.
const UNCATCHABLE: readonly Deno.Signal[] = ["SIGKILL", "SIGSTOP"];

/** Signals in memory: a test delivers them. */
export class MemorySignals implements SignalSource {
  readonly #listeners = new Map<Deno.Signal, Set<() => void>>();

  listen(signal: Deno.Signal, listener: () => void): void {
    if (!/^SIG[A-Z0-9]+$/.test(signal) || UNCATCHABLE.includes(signal)) {
      throw new TypeError(`Cannot handle ${signal}: it is not a signal that a process can handle`);
    }
    const listeners = this.#listeners.get(signal) ?? new Set();
    this.#listeners.set(signal, listeners.add(listener));
  }

  unlisten(signal: Deno.Signal, listener: () => void): void {
    this.#listeners.get(signal)?.delete(listener);
  }

  /**
   * Delivers a signal.
   *
   * @param signal The signal.
   * @returns Whether the signal has a listener.
   */
  deliver(signal: Deno.Signal): boolean {
    const listeners = [...this.#listeners.get(signal) ?? []];
    for (const listener of listeners) listener();
    return listeners.length > 0;
  }
}
