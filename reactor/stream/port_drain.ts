/**
 * Draining a port: its open connections get time to finish.
 *
 * @module
 */

import { Deferred } from "../../defer/deferred.ts";
import type { Connection } from "./connection.ts";
import { DrainTimeout } from "../errors.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { Handshake } from "../tls/handshake.ts";

/** The port to drain. */
export interface DrainTarget {
  /** The clock of the deadline. */
  readonly clock: Pick<IReactorTime, "callLater">;
  /** Returns the open connections of the port. */
  connections(): Pick<Connection, "abort" | "getPeer">[];
  /**
   * Returns the handshakes that have failed, or whose connection was refused, and that are still
   * closing.
   */
  handshakes(): Pick<Handshake, "abort">[];
  /** Returns whether the port is closed and none of its connections is open. */
  isDrained(): boolean;
}

/** One call of `drain()`. It completes when the port is closed and no connection is open. */
export class PortDrain {
  readonly #target: DrainTarget;
  readonly #deadline: IDelayedCall | null;
  #aborted = 0;
  /** Fires with the number of connections that were aborted. Cancelling it stops the deadline. */
  readonly done: Deferred<number> = new Deferred<number>(() => this.#stop());

  /**
   * Starts the deadline.
   *
   * @param target The port to drain.
   * @param seconds Seconds until open connections are aborted; `Infinity` for no limit.
   */
  constructor(target: DrainTarget, seconds: number) {
    this.#target = target;
    const endDrain = () => this.#abortAll(seconds);
    this.#deadline = seconds === Infinity ? null : target.clock.callLater(seconds, endDrain);
  }

  /**
   * Fires {@linkcode done} if the port is drained.
   *
   * @returns Whether `done` has fired, now or before.
   */
  check(): boolean {
    if (!this.done.called && this.#target.isDrained()) {
      this.#stop();
      this.done.callback(this.#aborted);
    }
    return this.done.called;
  }

  /** Fails {@linkcode done}. */
  fail(error: Error): void {
    if (this.done.called) return;
    this.#stop();
    this.done.errback(error);
  }

  #abortAll(seconds: number): void {
    for (const connection of this.#target.connections()) {
      this.#aborted++;
      connection.abort(new DrainTimeout(seconds, String(connection.getPeer())));
    }
    for (const handshake of this.#target.handshakes()) handshake.abort();
  }

  #stop(): void {
    if (this.#deadline?.active()) this.#deadline.cancel();
  }
}
