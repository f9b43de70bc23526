/**
 * The calls into a factory that every port, connector and endpoint makes.
 *
 * @module
 */

import type { Address, IProtocol, IProtocolFactory } from "../interfaces/mod.ts";
import { atOnce, classNameOf, logRejection } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/**
 * Calls a factory's `doStart()`. A promise is not waited for; its rejection is logged.
 *
 * @throws What `doStart()` throws.
 */
export function startFactory(factory: Pick<IProtocolFactory, "doStart">): void {
  logRejection(factory.doStart(), `While calling doStart of ${classNameOf(factory)}`);
}

/**
 * Calls a factory's `doStop()`. A promise is not waited for; its rejection is logged.
 *
 * @throws What `doStop()` throws.
 */
export function stopFactory(factory: Pick<IProtocolFactory, "doStop">): void {
  logRejection(factory.doStop(), `While calling doStop of ${classNameOf(factory)}`);
}

/**
 * Calls a factory's `buildProtocol()`.
 *
 * @returns The protocol, or `null` for a connection that the factory turns away.
 * @throws {TypeError} when the factory returns neither, and what `buildProtocol()` throws.
 */
export function buildProtocol<P extends IProtocol>(
  factory: { buildProtocol(addr: Address): P | null },
  addr: Address,
): P | null {
  const protocol = atOnce(
    "buildProtocol()",
    factory.buildProtocol(addr),
    `While calling buildProtocol for ${addr}`,
  );
  if (protocol === null || typeof protocol?.makeConnection === "function") return protocol;
  throw new TypeError(
    `buildProtocol() of ${classNameOf(factory)} must return a protocol or null, got ${
      quote(protocol)
    }`,
  );
}
