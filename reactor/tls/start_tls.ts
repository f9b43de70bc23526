/**
 * The options of `startTLS`, checked.
 *
 * @module
 */

import { UnsupportedError } from "../errors.ts";
import type { Address, StartTLSOptions } from "../interfaces/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { TLSContext, TLSProvider } from "./tls_engine.ts";

/**
 * Checks the options of `startTLS` and creates the TLS context.
 *
 * @param tls The TLS implementation of the reactor; `undefined` if it has none.
 * @param own The default role: the side that the connection has by itself.
 * @param options The options of `startTLS`.
 * @param peer The address of the peer.
 * @returns The context for the engine of the connection.
 * @throws {UnsupportedError} when the reactor does not support TLS.
 * @throws {TypeError | RangeError} when an option cannot be used.
 */
export function startTLSContext(
  tls: TLSProvider | undefined,
  own: StartTLSOptions["role"] | undefined,
  options: StartTLSOptions,
  peer: Address,
): TLSContext {
  const { role = own, received } = options;
  if (tls === undefined) {
    throw new UnsupportedError(
      `Cannot start TLS with ${peer}: its reactor does not support TLS; DenoReactor does`,
    );
  }
  if (role !== "client" && role !== "server") {
    throw new TypeError(`startTLS() role must be "client" or "server", got ${quote(role)}`);
  }
  if (received !== undefined && !(received instanceof Uint8Array)) {
    throw new TypeError(`startTLS() received must be a Uint8Array, got ${quote(received)}`);
  }
  return role === "client" ? tls.client(options) : tls.server(options);
}

/**
 * Checks that TLS can start on a connection.
 *
 * @param peer The address of the peer.
 * @param isStarted Whether TLS has been started.
 * @param isHalfClosed Whether one direction of the connection is closed.
 * @throws {Error} when TLS cannot start.
 */
export function checkCanStartTLS(peer: Address, isStarted: boolean, isHalfClosed: boolean): void {
  if (isStarted) throw new Error(`Cannot start TLS with ${peer}: TLS has been started already`);
  if (isHalfClosed) {
    throw new Error(
      `Cannot start TLS with ${peer}: one direction of the connection has already been closed`,
    );
  }
}
