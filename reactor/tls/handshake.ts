/**
 * A handshake that nobody but the reactor owns yet: the time between a connection's beginning and its protocol.
 *
 * @module
 */

import type { Dial } from "../stream/dial.ts";
import type { ReactorResource, ReactorResources } from "../lifecycle/open_resources.ts";
import type { StreamDriver, StreamDriverSink } from "../stream/stream_driver.ts";

/** The default limit on the handshakes under way on one port. */
export const MAX_HANDSHAKES = 1000;

/** What a handshake's driver tells of it: one of these, once, unless it is closed before. */
export interface HandshakeListener {
  /** It is done. @returns whether what was written before may go out: not to a peer that the protocol has turned away. */
  handshakeCompleted(): boolean;
  /** It has failed; the reason is fit for `connectionLost`. The driver is for the listener to close. */
  handshakeFailed(reason: Error): void;
}

/** A driver that has to agree with its peer before it carries bytes. */
export interface HandshakeDriver extends StreamDriver {
  /** As any driver's. When another takes over, whoever had it before gets `released`. */
  attach(sink: StreamDriverSink): void;
  /** Begins. Comes after `attach`, once. */
  start(listener: HandshakeListener): void;
}

/** Puts a handshake in front of a driver. */
export type TLSWrapper = (driver: StreamDriver) => HandshakeDriver;

/** What becomes of a handshake. */
export interface HandshakeOutcome {
  /** The driver carries bytes now. */
  completed(driver: StreamDriver): void;
  /** There will be no connection. */
  failed(reason: Error): void;
  /** The handshake has left the driver to its connection, or nothing of it is left. */
  released(): void;
}

/** A handshake under way. */
export class Handshake implements HandshakeListener, StreamDriverSink, ReactorResource {
  readonly #resources: ReactorResources;
  readonly #driver: HandshakeDriver;
  readonly #outcome: HandshakeOutcome;
  #over = false;

  /**
   * @param resources Where it notes that it is open.
   * @param driver What does it.
   * @param outcome Who wants to know.
   */
  constructor(resources: ReactorResources, driver: HandshakeDriver, outcome: HandshakeOutcome) {
    this.#resources = resources;
    this.#driver = driver;
    this.#outcome = outcome;
  }

  /** Begins it. */
  start(): void {
    this.#resources.add(this);
    this.#driver.attach(this);
    this.#driver.start(this);
  }

  /** Ends it from this side; only `released` follows. */
  cancel(): void {
    if (!this.#over) this.abort();
  }

  /** As {@linkcode cancel}; and one that has failed tells its peer no more of it. */
  abort(): void {
    this.#over = true;
    this.#driver.abort();
  }

  handshakeCompleted(): boolean {
    this.#over = true;
    // Whoever takes the driver over releases this; where it is turned away, its end does.
    this.#outcome.completed(this.#driver);
    return true;
  }

  handshakeFailed(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#driver.close();
    this.#outcome.failed(reason);
  }

  shutDown(): void {
    // One that has failed may still be telling its peer why.
    if (this.#over) this.#driver.forceClose?.();
    else this.cancel();
  }

  unref(): void {
    this.#driver.unref();
  }

  released(): void {
    this.#resources.delete(this);
    this.#outcome.released();
  }

  // A handshake's driver carries nothing else before it has a connection.

  /** Nothing is asked for. */
  received(): void {}

  /** Nothing is asked for. */
  readEnded(): void {}

  /** Nothing is written. */
  wrote(): void {}

  /** Nothing is closed. */
  writeClosed(): void {}

  /** The listener is told. */
  failed(): void {}
}

/** A dial with a handshake behind it. */
export function dialSecured(dial: Dial, resources: ReactorResources, secure: TLSWrapper): Dial {
  return (sink) => {
    let handshake: Handshake | null = null;
    let cancelled = false;
    const cancel = dial({
      connected: (driver) => {
        // It may have been cancelled in the moment in which it was connected.
        if (cancelled) return driver.abort();
        handshake = new Handshake(resources, secure(driver), {
          completed: (secured) => sink.connected(secured),
          failed: (reason) => sink.failed(reason),
          released: () => sink.released(),
        });
        handshake.start();
      },
      failed: (reason) => sink.failed(reason),
      released: () => {
        if (handshake === null) sink.released();
      },
    });
    return () => {
      cancelled = true;
      if (handshake === null) cancel();
      else handshake.cancel();
    };
  };
}
