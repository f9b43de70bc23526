/**
 * A planted bug: a queue that forgets the id of a request when it times out, and may use the id
 * again before the late answer has arrived.
 *
 * @module
 */

import { KeyedRequestQueue } from "../../../protocol/mod.ts";
import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith } from "../keyed_request_queue.ts";
import type { Asked } from "../support/request_world.ts";

class ForgetsIds extends KeyedRequestQueue<Asked, string, string> {
  protected override abandon(pending: Parameters<ForgetsIds["forget"]>[0]): void {
    this.forget(pending);
  }
}

/** Runs the scenario of `KeyedRequestQueue` with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> => runWith(network, ForgetsIds);
