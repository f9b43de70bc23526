/**
 * A planted bug: a heartbeat that waits for the answer to its own message, and does not count the
 * bytes that arrive meanwhile.
 *
 * @module
 */

import { Heartbeat } from "../../../protocol/mod.ts";
import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith } from "../heartbeat.ts";

class CountsAnswersOnly extends Heartbeat {
  override alive(): void {
    if (this.missed === 0) super.alive();
  }

  /** Called with the answer to a heartbeat. */
  answered(): void {
    super.alive();
  }
}

/** Runs the scenario of heartbeats with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, (...args) => new CountsAnswersOnly(...args), (heartbeat) => {
    if (heartbeat instanceof CountsAnswersOnly) heartbeat.answered();
  });
