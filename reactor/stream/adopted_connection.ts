/**
 * Connections that were made elsewhere: by a service manager, by the program before this one.
 *
 * @module
 */

import { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { buildProtocol } from "./factory_calls.ts";
import type { IProtocolFactory } from "../interfaces/mod.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { logUserError } from "../../defer/guarded_call.ts";

/** What stands in the place of a port for one connection that came without. */
export class AdoptedConnection implements ConnectionOwner {
  readonly host: ConnectionContext;
  readonly limits: ConnectionLimits;

  /**
   * @param host What the reactor lends.
   * @param limits The bounds of the connection.
   */
  constructor(host: ConnectionContext, limits: ConnectionLimits) {
    this.host = host;
    this.limits = limits;
  }

  /** Gives the connection to a protocol when the reactor runs. */
  open(driver: StreamDriver, factory: IProtocolFactory): void {
    this.host.reactor.callWhenRunning(() => this.#open(driver, factory));
  }

  logSuffix(connection: Connection): string {
    return `adopted,${connection.getPeer()}`;
  }

  /** Nobody waits for it. */
  connectionLost(): void {}

  #open(driver: StreamDriver, factory: IProtocolFactory): void {
    const peer = driver.getPeer();
    try {
      const protocol = buildProtocol(factory, peer);
      if (protocol === null) driver.close();
      else new Connection(this, driver, protocol).open();
    } catch (error) {
      logUserError(error, `While calling buildProtocol for ${peer}`);
      driver.close();
    }
  }
}
