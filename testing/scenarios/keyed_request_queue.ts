/**
 * Clients with a `KeyedRequestQueue`, whose server answers late, in any order. Half of the clients
 * use few ids, again and again.
 *
 * Invariants:
 *
 * - Each request gets its own answer or its own refusal; or it fails with `RequestTimeout` at its
 *   timeout, with `RequestLost` and the reason for which the connection was lost, with
 *   `RequestQueueFull`, or because it was cancelled. It has exactly one outcome, at its timeout or
 *   the loss at the latest, and a failure says whether it was sent.
 * - Requests are sent once, in their order. An abandoned request that was not sent is never sent.
 * - No answer is unexpected, whatever was abandoned before, and however ids repeat.
 * - After the network has healed, each client gets answers within the timeouts of one dead
 *   connection and one attempt.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { KeyedRequestQueue } from "../../protocol/mod.ts";
import type { SimulatedNetwork } from "../simulation/mod.ts";
import { type Asked, markSent, Refused, type TestedQueue } from "./support/request_world.ts";
import { runRequests, states as common } from "./support/requests.ts";

/** The number of ids of a client that uses few of them. Now and then all of them are in use. */
const FEW = 12;

/** The states that some seed must reach. */
export const states = [...common, "an answer overtakes another one", "all ids are in use"];

/** The constructor of the queue, which a variant with a planted bug replaces. */
export type KeyedQueueClass = typeof KeyedRequestQueue<Asked, string, string>;

/** Runs the scenario. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, KeyedRequestQueue);

/**
 * Runs the scenario with the given class.
 *
 * @param network The network.
 * @param Queue The class of the queues.
 */
export function runWith(network: SimulatedNetwork, Queue: KeyedQueueClass): Promise<void> {
  return runRequests(network, {
    isOrdered: false,
    make: (sendLine, { random }, options): TestedQueue => {
      let last = 0;
      const ids = random.below(2) === 0 ? FEW : Infinity;
      const queue = new Queue((id, asked) => {
        markSent(asked, network);
        sendLine(`${id} ${asked.number}`);
      }, { ...options, newId: () => String(++last % ids) });
      return Object.assign(queue, {
        received: (line: string) => {
          const [id = "", number = ""] = line.slice(1).split(" ");
          if (line.startsWith("-")) queue.fail(id, new Refused(number));
          else queue.answer(id, number);
        },
      });
    },
  });
}
