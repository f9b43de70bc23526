/**
 * The texts by which a connection is described.
 *
 * @module
 */

import { nameInLog } from "../../defer/guarded_call.ts";
import type { IProtocol, IReactorTime } from "../interfaces/mod.ts";
import { descriptionOf } from "../lifecycle/description_of.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { MeteredTransport } from "./metered_transport.ts";

/** The parts of a connection that are described. */
interface DescribedConnection extends MeteredTransport {
  readonly clock: IReactorTime;
  readonly disconnecting: boolean;
}

/**
 * Returns the name of a connection: `connection from 127.0.0.1:53412`, `connection to
 * 127.0.0.1:80 (closing)`.
 */
export function nameOfConnection(connection: DescribedConnection, owner: ConnectionOwner): string {
  const direction = owner.role === "client" ? "to" : "from";
  const { connected, disconnecting } = connection;
  const state = !connected ? " (closed)" : disconnecting ? " (closing)" : "";
  return `connection ${direction} ${connection.getPeer()}${state}`;
}

/**
 * Returns the line of a connection for `reactor.describe()`: the name of its protocol in the log,
 * who made it, its age and its bytes.
 *
 * @param unsent The number of buffered bytes.
 */
export function describeConnection(
  connection: DescribedConnection,
  owner: ConnectionOwner,
  protocol: IProtocol,
  unsent: number,
): string {
  const { bytesReceived, bytesSent, clock, openedAt } = connection;
  const age = (clock.seconds() - openedAt).toFixed(3);
  return `${connection}: ${nameInLog(protocol)}, made by ${descriptionOf(owner)}, ` +
    `open for ${age} s, received ${bytesReceived} B, sent ${bytesSent} B, unsent ${unsent} B`;
}
