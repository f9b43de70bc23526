/**
 * Process signals while a reactor runs: the reactor's own handlers, and the user's in their place.
 *
 * @module
 */

import type { SignalHandler } from "../interfaces/mod.ts";
import { callLogged } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/** Where signals come from. The host's; a fake one in tests. */
export interface SignalSource {
  /**
   * Calls `listener` at each `signal`.
   *
   * @throws {TypeError} when this system cannot deliver it.
   */
  listen(signal: Deno.Signal, listener: () => void): void;
  /** Undoes {@linkcode listen}. */
  unlisten(signal: Deno.Signal, listener: () => void): void;
}

interface Handlers {
  /** The user's, in the order in which they were added. */
  users: SignalHandler[];
  /** The reactor's own, which acts while there are none of the user's. */
  own: SignalHandler | null;
  /** What listens now at the source, if anything does. */
  listener: (() => void) | null;
}

/** The handlers of one reactor. They listen between {@linkcode install} and {@linkcode uninstall} only. */
export class Signals {
  readonly #source: SignalSource;
  readonly #handlers = new Map<Deno.Signal, Handlers>();
  #installed = false;

  /** @param source Where signals come from. */
  constructor(source: SignalSource) {
    this.#source = source;
  }

  add(signal: Deno.Signal, handler: SignalHandler): void {
    this.#checkSupported(signal);
    this.#of(signal).users.push(handler);
    if (this.#installed) this.#listen(signal);
  }

  remove(signal: Deno.Signal, handler: SignalHandler): void {
    const users = this.#handlers.get(signal)?.users ?? [];
    const index = users.indexOf(handler);
    if (index < 0) {
      throw new RangeError(
        `Cannot remove the handler ${quote(handler)} of ${signal}: it was not added`,
      );
    }
    users.splice(index, 1);
    this.#unlistenIfIdle(signal);
  }

  /**
   * Starts to listen: to the signals that users handle, and with `own` to these others. One of these that this system cannot deliver is
   * logged: a reactor runs without it.
   */
  install(signals: readonly Deno.Signal[], own: SignalHandler): void {
    this.#installed = true;
    for (const signal of signals) this.#of(signal).own = own;
    for (const signal of this.#handlers.keys()) {
      callLogged(() => this.#listen(signal), [], "While installing the signal handlers");
    }
  }

  /** Stops listening. The user's handlers are kept for the next {@linkcode install}. */
  uninstall(): void {
    this.#installed = false;
    for (const [signal, handlers] of this.#handlers) {
      handlers.own = null;
      callLogged(() => this.#unlisten(signal, handlers), [], `While giving ${signal} up`);
    }
  }

  #of(signal: Deno.Signal): Handlers {
    let handlers = this.#handlers.get(signal);
    if (handlers === undefined) {
      handlers = { users: [], own: null, listener: null };
      this.#handlers.set(signal, handlers);
    }
    return handlers;
  }

  /** Asks the source at once, so that the error comes where the mistake is and not when the reactor starts. */
  #checkSupported(signal: Deno.Signal): void {
    const probe = () => {};
    this.#listenAtSource(signal, probe);
    this.#source.unlisten(signal, probe);
  }

  #listen(signal: Deno.Signal): void {
    const handlers = this.#of(signal);
    if (handlers.listener !== null || (handlers.own === null && handlers.users.length === 0)) {
      return;
    }
    const listener = () => this.#deliver(signal, handlers);
    this.#listenAtSource(signal, listener);
    handlers.listener = listener;
  }

  #listenAtSource(signal: Deno.Signal, listener: () => void): void {
    try {
      this.#source.listen(signal, listener);
    } catch (cause) {
      // Anything else would be for another reason: that no file descriptor is left, for one.
      if (!(cause instanceof TypeError)) throw cause;
      throw new TypeError(`Cannot handle the signal ${quote(signal)} on this system`, { cause });
    }
  }

  #unlistenIfIdle(signal: Deno.Signal): void {
    const handlers = this.#of(signal);
    if (handlers.own === null && handlers.users.length === 0) this.#unlisten(signal, handlers);
  }

  #unlisten(signal: Deno.Signal, handlers: Handlers): void {
    if (handlers.listener === null) return;
    this.#source.unlisten(signal, handlers.listener);
    handlers.listener = null;
  }

  #deliver(signal: Deno.Signal, { users, own }: Handlers): void {
    const acting = users.length > 0 ? [...users] : own === null ? [] : [own];
    for (const handler of acting) callLogged(handler, [signal], `While handling ${signal}`);
  }
}
