/**
 * A planted bug: a producer that ends when its last message is made, although messages still wait
 * for the end of a pause. The connection is half-closed without them.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith, Source } from "../upload.ts";

class EndsEarly extends Source {
  protected override get isFinished(): boolean {
    return this.made === this.count;
  }
}

/** Runs the scenario of an upload with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, { Source: EndsEarly });
