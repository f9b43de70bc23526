/**
 * Connections that the process did not open or accept itself, such as one from a service manager.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { buildProtocol } from "./factory_calls.ts";
import type { IProtocolFactory } from "../interfaces/mod.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { logUserError, nameInLog } from "../../defer/guarded_call.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { connectionOver } from "./unix_connection.ts";

/** The owner of one adopted connection, in place of a port. */
export class AdoptedConnection implements ConnectionOwner {
  readonly context: ConnectionContext;
  readonly limits: ConnectionLimits;

  readonly #factory: IProtocolFactory;
  readonly #fileDescriptor: number;

  /**
   * @param context The parts of the reactor that a connection uses.
   * @param limits The limits of the connection.
   * @param factory The factory that builds the protocol. If it builds none, the connection is
   *   closed.
   * @param fileDescriptor The number of the adopted descriptor.
   */
  constructor(
    context: ConnectionContext,
    limits: ConnectionLimits,
    factory: IProtocolFactory,
    fileDescriptor: number,
  ) {
    this.context = context;
    this.limits = limits;
    this.#factory = factory;
    this.#fileDescriptor = fileDescriptor;
    creationTracker?.maker(this);
  }

  /**
   * Opens the connection when the reactor runs.
   *
   * @param driver The driver of the adopted connection.
   */
  open(driver: StreamDriver): void {
    this.context.reactor.callWhenRunning(() => this.#open(driver));
  }

  /** Describes the owner for `reactor.describe()`: `EchoFactory from file descriptor 3`. */
  toString(): string {
    return `${nameInLog(this.#factory)} from file descriptor ${this.#fileDescriptor}`;
  }

  logSuffix(connection: Connection): string {
    return `adopted,${connection.getPeer()}`;
  }

  /** Does nothing: no port or connector counts this connection. */
  connectionLost(): void {}

  #open(driver: StreamDriver): void {
    const peer = driver.getPeer();
    try {
      const protocol = buildProtocol(this.#factory, peer);
      if (protocol === null) driver.close();
      else connectionOver(this, driver, protocol).open();
    } catch (error) {
      logUserError(error, `Error while calling buildProtocol for ${peer}`);
      driver.close();
    }
  }
}
