/**
 * A planted bug: a producer that remembers a pause only when a message is ready, so that it misses
 * a `resumeProducing()` that comes before.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith, Source } from "../upload.ts";

class LosesWakeUp extends Source {
  #isHolding = false;

  override resumeProducing(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    super.resumeProducing();
  }

  protected override ready(): void {
    this.#isHolding = this.isPaused;
    super.ready();
  }
}

/** Runs the scenario of an upload with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, { Source: LosesWakeUp });
