/**
 * Handlers of process signals while a reactor runs.
 *
 * @module
 */

import type { SignalHandler } from "../interfaces/mod.ts";
import { callLogged } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/** A source of process signals: the host, or a fake in tests. */
export interface SignalSource {
  /**
   * Registers a listener, which is called at each `signal`.
   *
   * @throws {TypeError} If this operating system cannot deliver the signal.
   */
  listen(signal: Deno.Signal, listener: () => void): void;
  /** Removes a listener. */
  unlisten(signal: Deno.Signal, listener: () => void): void;
}

interface Handlers {
  /** The handlers of the application, in the order in which they were added. */
  users: SignalHandler[];
  /** The reactor's default handler, which is called if the application has no handler. */
  own: SignalHandler | null;
  /** The listener that is registered with the source, or `null`. */
  listener: (() => void) | null;
}

/**
 * The signal handlers of one reactor. They are active only between {@linkcode install} and
 * {@linkcode uninstall}.
 */
export class Signals {
  readonly #source: SignalSource;
  readonly #handlers = new Map<Deno.Signal, Handlers>();
  #installed = false;

  /** @param source The source of the signals. */
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
        `Cannot remove the handler ${quote(handler)} of ${signal}: this handler was not added`,
      );
    }
    users.splice(index, 1);
    this.#unlistenIfIdle(signal);
  }

  /**
   * Activates the application's handlers and the default handler. A signal that this operating
   * system cannot deliver is logged.
   *
   * @param signals The signals of the default handler.
   * @param own The default handler.
   */
  install(signals: readonly Deno.Signal[], own: SignalHandler): void {
    this.#installed = true;
    for (const signal of signals) this.#of(signal).own = own;
    for (const signal of this.#handlers.keys()) {
      callLogged(() => this.#listen(signal), [], "Error while installing the signal handlers");
    }
  }

  /**
   * Deactivates all handlers. The application's handlers are kept for the next {@linkcode install}.
   */
  uninstall(): void {
    this.#installed = false;
    for (const [signal, handlers] of this.#handlers) {
      handlers.own = null;
      callLogged(
        () => this.#unlisten(signal, handlers),
        [],
        `Error while removing the listener of ${signal}`,
      );
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

  /**
   * Checks the signal immediately, so that addSignalHandler() throws, and not the start of the
   * reactor.
   */
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
      // Only a TypeError means that the system lacks the signal. Other errors, such as a lack of
      // file descriptors, are thrown unchanged.
      if (!(cause instanceof TypeError)) throw cause;
      throw new TypeError(
        `Cannot handle the signal ${quote(signal)}: this operating system does not support it`,
        { cause },
      );
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
    for (const handler of acting) callLogged(handler, [signal], `Error while handling ${signal}`);
  }
}
