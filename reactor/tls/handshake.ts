/**
 * A TLS handshake before the connection has a protocol. The reactor owns it.
 *
 * @module
 */

import type { Dial } from "../stream/dial.ts";
import type { ReactorResource, ReactorResources } from "../lifecycle/open_resources.ts";
import type { StreamDriver, StreamDriverSink } from "../stream/stream_driver.ts";

/** The default limit on concurrent handshakes of one port. */
export const MAX_HANDSHAKES = 1000;

/** Receives the result of a handshake: exactly one call, unless the driver is closed first. */
export interface HandshakeListener {
  /**
   * Called when the handshake has completed.
   *
   * @returns Whether earlier writes may be sent: `false` if the protocol has closed the
   *   connection.
   */
  handshakeCompleted(): boolean;
  /**
   * Called when the handshake has failed, with a reason for `connectionLost`. The listener must
   * close the driver.
   */
  handshakeFailed(reason: Error): void;
}

/** A driver that must complete a handshake before it carries bytes. */
export interface HandshakeDriver extends StreamDriver {
  /** Sets the receiver of the events. The previous receiver gets `released`. */
  attach(sink: StreamDriverSink): void;
  /** Starts the handshake. Called once, after `attach`. */
  start(listener: HandshakeListener): void;
}

/** Adds TLS to a driver. */
export type TLSWrapper = (driver: StreamDriver) => HandshakeDriver;

/** Receives the result of a {@linkcode Handshake}. */
export interface HandshakeEvents {
  /** Called when the handshake has completed, with the driver, which now transfers data. */
  completed(driver: StreamDriver): void;
  /** Called with the reason when the handshake has failed. */
  failed(reason: Error): void;
  /**
   * Called when a connection has taken over the driver, or when all resources of the handshake are
   * released.
   */
  released(): void;
}

/** A handshake in progress. */
export class Handshake implements HandshakeListener, StreamDriverSink, ReactorResource {
  readonly #resources: ReactorResources;
  readonly #driver: HandshakeDriver;
  readonly #events: HandshakeEvents;
  readonly #owner: object | null;
  #isDone = false;

  /**
   * @param resources The registry of open resources.
   * @param driver The driver that makes the handshake.
   * @param events The receiver of the result.
   * @param owner The port that made the handshake; `null` for that of a client.
   */
  constructor(
    resources: ReactorResources,
    driver: HandshakeDriver,
    events: HandshakeEvents,
    owner: object | null = null,
  ) {
    this.#resources = resources;
    this.#driver = driver;
    this.#events = events;
    this.#owner = owner;
  }

  /** Describes the handshake for a report of what is open: `TLS handshake with 127.0.0.1:53412`. */
  toString(): string {
    return `TLS handshake with ${this.#driver.getPeer()}`;
  }

  /** Returns whether `owner` made the handshake. */
  isOf(owner: object): boolean {
    return this.#owner === owner;
  }

  /** Starts the handshake. */
  start(): void {
    this.#resources.add(this);
    this.#driver.attach(this);
    this.#driver.start(this);
  }

  /**
   * Cancels the handshake. Only `released` follows. Does nothing after it has completed or failed.
   */
  cancel(): void {
    if (!this.#isDone) this.abort();
  }

  /** Aborts the driver, also while a failed handshake still sends its alert to the peer. */
  abort(): void {
    this.#isDone = true;
    this.#driver.abort();
  }

  handshakeCompleted(): boolean {
    this.#isDone = true;
    // From here on, the connection owns the driver and releases this handshake. If there is no
    // connection, the closed driver releases it.
    this.#events.completed(this.#driver);
    return true;
  }

  handshakeFailed(reason: Error): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#driver.close();
    this.#events.failed(reason);
  }

  shutDown(): void {
    // A failed handshake may still be sending its alert to the peer, so its driver gets a short
    // time to finish.
    if (this.#isDone) this.#driver.forceClose?.();
    else this.cancel();
  }

  unref(): void {
    this.#driver.unref();
  }

  released(): void {
    this.#resources.delete(this);
    this.#events.released();
  }

  // The following methods have no effect, because a handshake transfers no application data.

  /** Never called: no data is requested. */
  received(): void {}

  /** Never called: no data is requested. */
  readEnded(): void {}

  /** Never called: nothing is written. */
  wrote(): void {}

  /** Never called: no direction is closed. */
  writeClosed(): void {}

  /** Does nothing: {@linkcode handshakeFailed} is called instead. */
  failed(): void {}
}

/**
 * Adds a TLS handshake to a dial.
 *
 * @param dial The dial of the underlying connection.
 * @param resources The registry of open resources.
 * @param secure Adds TLS to the driver of the underlying connection.
 * @returns A dial that succeeds when the handshake has completed.
 */
export function dialSecured(dial: Dial, resources: ReactorResources, secure: TLSWrapper): Dial {
  return (sink) => {
    let handshake: Handshake | null = null;
    let cancelled = false;
    const cancel = dial({
      connected: (driver) => {
        // The dial may have been cancelled just before the connection was made. No owner is left
        // then, so the connection is aborted.
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
