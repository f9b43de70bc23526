/**
 * The calls into a factory, for every port, connector and endpoint.
 *
 * @module
 */

import type { Address, IProtocol, IProtocolFactory } from "../interfaces/mod.ts";
import { atOnce, classNameOf, logRejection } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/**
 * Calls a factory's `doStart()`. Does not wait for a promise that it returns, but logs its
 * rejection.
 *
 * @param factory The factory.
 * @throws The exception of `doStart()`.
 */
export function startFactory(factory: Pick<IProtocolFactory, "doStart">): void {
  logRejection(factory.doStart(), `Error while calling doStart of ${classNameOf(factory)}`);
}

/**
 * Calls a factory's `doStop()`. Does not wait for a promise that it returns, but logs its
 * rejection.
 *
 * @param factory The factory.
 * @throws The exception of `doStop()`.
 */
export function stopFactory(factory: Pick<IProtocolFactory, "doStop">): void {
  logRejection(factory.doStop(), `Error while calling doStop of ${classNameOf(factory)}`);
}

/**
 * Calls a factory's `buildProtocol()`.
 *
 * @param factory The factory.
 * @param addr The address of the peer.
 * @returns The protocol, or `null` if the factory refuses the connection.
 * @throws {TypeError} when the factory returns neither a protocol nor `null`, such as a promise;
 *   also the exception of `buildProtocol()`.
 */
export function buildProtocol<P extends IProtocol>(
  factory: { buildProtocol(addr: Address): P | null },
  addr: Address,
): P | null {
  const protocol = factory.buildProtocol(addr);
  if (protocol === null || typeof protocol?.makeConnection === "function") return protocol;
  atOnce("buildProtocol()", protocol, `Error while calling buildProtocol for ${addr}`);
  throw new TypeError(
    `buildProtocol() of ${classNameOf(factory)} must return a protocol or null, got ${
      quote(protocol)
    }`,
  );
}
