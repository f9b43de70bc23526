/**
 * What goes wrong on a port at its peers' will: counted, and logged without filling the log.
 *
 * @module
 */

import { messageOf } from "../../internal/foreign_value.ts";
import { msg } from "../../log/mod.ts";
import type { Address, IReactorTime, StreamPortStats } from "../interfaces/mod.ts";
import { alike, LogThrottle } from "../lifecycle/log_throttle.ts";

/** The troubles of one port. */
export class StreamPortTroubles {
  readonly #refusals: LogThrottle;
  readonly #handshakes: LogThrottle;
  /** Failed handshakes that a factory has been told of. */
  #toldOf = 0;
  #turnedAway = 0;
  #failedAccepts = 0;

  /** @param clock The reactor's. */
  constructor(clock: Pick<IReactorTime, "seconds" | "callLater">) {
    this.#refusals = new LogThrottle(clock);
    this.#handshakes = new LogThrottle(clock);
  }

  /** A connection was refused. */
  refused(peer: Address, why: string): void {
    this.#refusals.add((count) => {
      msg(`Refused a connection from ${peer}: ${why}${alike(count)}`, { count });
    });
  }

  /** A handshake failed, and the factory does not want to know. */
  handshakeFailed(reason: Error): void {
    this.#handshakes.add((count) => msg(`${messageOf(reason)}${alike(count)}`, { reason, count }));
  }

  /** A handshake failed, and the factory was told. */
  handshakeToldOf(): void {
    this.#toldOf++;
  }

  /** A connection was turned away for lack of file descriptors: its port logs how many. */
  turnedAway(): void {
    this.#turnedAway++;
  }

  /** The system gave no connection. */
  acceptFailed(): void {
    this.#failedAccepts++;
  }

  /** The port is closed. */
  flush(): void {
    this.#refusals.flush();
    this.#handshakes.flush();
  }

  /** The numbers. */
  stats(accepted: number): StreamPortStats {
    return {
      accepted,
      refused: this.#refusals.count + this.#turnedAway,
      failedHandshakes: this.#handshakes.count + this.#toldOf,
      failedAccepts: this.#failedAccepts,
    };
  }
}
