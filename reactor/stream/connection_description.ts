/**
 * The texts by which a connection is described.
 *
 * @module
 */

import { nameInLog } from "../../defer/guarded_call.ts";
import type { Address, IProtocol, IReactorTime } from "../interfaces/mod.ts";
import { descriptionOf } from "../lifecycle/description_of.ts";
import type { ConnectionOwner } from "./connection_owner.ts";

/** The parts of a connection that are described. */
interface DescribedConnection {
  readonly clock: IReactorTime;
  readonly connected: boolean;
  readonly disconnecting: boolean;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly unsent: number;
  readonly openedAt: number;
  getPeer(): Address;
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
 */
export function describeConnection(
  connection: DescribedConnection,
  owner: ConnectionOwner,
  protocol: IProtocol,
): string {
  const { bytesReceived, bytesSent, unsent, clock, openedAt } = connection;
  const age = (clock.seconds() - openedAt).toFixed(3);
  return `${connection}: ${nameInLog(protocol)}, made by ${descriptionOf(owner)}, ` +
    `open for ${age} s, received ${bytesReceived} B, sent ${bytesSent} B, unsent ${unsent} B`;
}
