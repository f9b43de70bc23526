/**
 * A port that lets its connections come to their end.
 *
 * @module
 */

import { Deferred } from "../../defer/deferred.ts";
import type { Connection } from "./connection.ts";
import { DrainTimeout } from "../errors.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { Handshake } from "../tls/handshake.ts";

/** What is drained. */
export interface DrainTarget {
  /** What measures time. */
  readonly clock: Pick<IReactorTime, "callLater">;
  /** The connections that are open. */
  connections(): Connection[];
  /** What is left of the handshakes: of those that have failed, or whose connection was turned away. */
  readonly handshakes: ReadonlySet<Handshake>;
  /** Whether the port is closed, and none of its connections is open. */
  isDrained(): boolean;
}

/** One call of `drain()`: told of each loss, it fires when nothing is left. */
export class PortDrain {
  readonly #drained: DrainTarget;
  readonly #deadline: IDelayedCall | null;
  #aborted = 0;
  /** Fires with the number of connections that were aborted. Cancelling it gives up the deadline. */
  readonly done: Deferred<number> = new Deferred<number>(() => this.#stop());

  /**
   * Begins to wait, up to the deadline.
   *
   * @param drained What is drained.
   * @param seconds How long that may take; Infinity for no end.
   */
  constructor(drained: DrainTarget, seconds: number) {
    this.#drained = drained;
    this.#deadline = seconds === Infinity
      ? null
      : drained.clock.callLater(seconds, () => this.#abortAll(seconds));
  }

  /** Fires if nothing is left. @returns whether it is over, now or since before. */
  check(): boolean {
    if (!this.done.called && this.#drained.isDrained()) {
      this.#stop();
      this.done.callback(this.#aborted);
    }
    return this.done.called;
  }

  /** Ends it with an error. */
  fail(error: Error): void {
    if (this.done.called) return;
    this.#stop();
    this.done.errback(error);
  }

  #abortAll(seconds: number): void {
    for (const connection of this.#drained.connections()) {
      this.#aborted++;
      connection.abort(new DrainTimeout(seconds, String(connection.getPeer())));
    }
    for (const handshake of this.#drained.handshakes) handshake.breakOff();
  }

  #stop(): void {
    if (this.#deadline?.active()) this.#deadline.cancel();
  }
}
