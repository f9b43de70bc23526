/**
 * Clients with a `RequestQueue`, whose server answers late, in order.
 *
 * Invariants:
 *
 * - Each request gets its own answer or its own refusal; or it fails with `RequestTimeout` at its
 *   timeout, with `RequestLost` and the reason for which the connection was lost, with
 *   `RequestQueueFull`, or because it was cancelled. It has exactly one outcome, at its timeout or
 *   the loss at the latest, and a failure says whether it was sent.
 * - Requests are sent once, in their order, and answers arrive in that order. An abandoned request
 *   that was not sent is never sent.
 * - Never more than `maxInFlight` requests are unanswered at the server.
 * - No answer is unexpected, whatever was abandoned before.
 * - After the network has healed, each client gets answers within the timeouts of one dead
 *   connection and one attempt.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { RequestQueue } from "../../protocol/mod.ts";
import type { SimulatedNetwork } from "../simulation/mod.ts";
import { type Asked, markSent, Refused, type TestedQueue } from "./support/request_world.ts";
import { runRequests, states } from "./support/requests.ts";

export { states };

/** The constructor of the queue, which a variant with a planted bug replaces. */
export type QueueClass = typeof RequestQueue<Asked, string>;

/** Runs the scenario. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, RequestQueue);

/**
 * Runs the scenario with the given class.
 *
 * @param network The network.
 * @param Queue The class of the queues.
 */
export function runWith(
  network: SimulatedNetwork,
  Queue: QueueClass,
): Promise<void> {
  return runRequests(network, {
    isOrdered: true,
    make: (sendLine, _host, options): TestedQueue => {
      const queue = new Queue((asked) => {
        markSent(asked, network);
        sendLine(String(asked.number));
      }, options);
      return Object.assign(queue, {
        received: (line: string) => {
          if (line.startsWith("-")) queue.fail(new Refused(line.slice(1)));
          else queue.answer(line.slice(1));
        },
      });
    },
  });
}
