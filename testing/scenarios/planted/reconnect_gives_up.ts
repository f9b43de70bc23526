/**
 * A planted bug: a client that gives up when a connection attempt is refused.
 *
 * @module
 */

import { ClientService } from "../../../endpoints/mod.ts";
import { ConnectionRefusedError } from "../../../reactor/errors.ts";
import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { runWith } from "../client_service.ts";
import type { Client } from "../support/login.ts";

class GivesUp extends ClientService<Client> {
  constructor(
    ...[endpoint, factory, options]: ConstructorParameters<typeof ClientService<Client>>
  ) {
    super(
      {
        connect: (factory) =>
          endpoint.connect(factory).addErrback((error) => {
            if (error instanceof ConnectionRefusedError) this.stopService();
            throw error;
          }),
      },
      factory,
      options,
    );
  }
}

/** Runs the scenario of `ClientService` with the bug. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, (...args) => new GivesUp(...args));
