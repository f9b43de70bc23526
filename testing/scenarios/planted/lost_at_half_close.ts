/**
 * A planted bug: a producer that ends when its last message is ready, although it is paused and
 * has not sent the message. The connection is half-closed without it.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith, Source } from "../upload.ts";

class EndsEarly extends Source {
  protected override ready(): void {
    if (this.isPaused && this.sent === this.count - 1) this.end();
    else super.ready();
  }
}

/** Runs the scenario of an upload with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, { Source: EndsEarly });
