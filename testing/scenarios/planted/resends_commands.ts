/**
 * A planted bug: a client that sends commands again on the next connection, although the server may
 * have carried them out.
 *
 * @module
 */

import type { Deferred } from "../../../defer/mod.ts";
import { RequestLost } from "../../../protocol/mod.ts";
import {
  type CommandWords,
  type RESPClient,
  RESPClientFactory,
} from "../../../protocol/resp/mod.ts";
import type { Address } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith } from "../redis_client.ts";

class Resends extends RESPClientFactory {
  readonly #lost: CommandWords[] = [];

  override buildProtocol(addr: Address): RESPClient {
    const client = super.buildProtocol(addr);
    const command = client.command.bind(client);
    const record = (words: CommandWords, answer: Deferred<unknown>): Deferred<unknown> =>
      answer.addErrback((error) => {
        if (error instanceof RequestLost && error.sent) this.#lost.push(words);
        throw error;
      });
    return Object.assign(client, {
      command: (...args: Parameters<typeof command>) => {
        for (const words of this.#lost.splice(0)) command(words).addErrback(() => {});
        return record(args[0], command(...args));
      },
    });
  }
}

/** Runs the scenario of `RESPClientFactory` with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, (...args) => new Resends(...args));
