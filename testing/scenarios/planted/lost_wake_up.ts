/**
 * A planted bug: a producer that ignores `resumeProducing()` while it has nothing to send, and then
 * waits for another one.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith, Source } from "../upload.ts";

class LosesWakeUp extends Source {
  override resumeProducing(): void {
    if (this.sent < this.made) super.resumeProducing();
  }
}

/** Runs the scenario of an upload with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, { Source: LosesWakeUp });
