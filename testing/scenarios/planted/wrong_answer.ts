/**
 * A planted bug: a queue that forgets a request when it times out, and gives its late answer to the
 * next request.
 *
 * @module
 */

import { RequestQueue } from "../../../protocol/mod.ts";
import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith } from "../request_queue.ts";

class ForgetsTimeouts<Req, Res> extends RequestQueue<Req, Res> {
  protected override abandon(pending: Parameters<RequestQueue<Req, Res>["forget"]>[0]): void {
    this.forget(pending);
  }

  // An answer for which no request is left was late, too.
  override answer(answer: Res): void {
    if (this.inFlight > 0) super.answer(answer);
  }

  override fail(error: Error): void {
    if (this.inFlight > 0) super.fail(error);
  }
}

/** Runs the scenario of `RequestQueue` with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, ForgetsTimeouts);
