/**
 * Server endpoints for TLS over another endpoint, on which a header can come before TLS.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { IStreamServerEndpoint } from "../interfaces/endpoint.ts";

/** The key of {@linkcode EndpointOverTLS}'s method: no endpoint has it by accident. */
export const underTLS: unique symbol = Symbol("underTLS");

/** Replaces an endpoint by one that does more with its connections. */
export type WrapEndpoint = <A extends Address>(
  plain: IStreamServerEndpoint<A>,
) => IStreamServerEndpoint<A>;

/** A server endpoint for TLS. */
export interface EndpointOverTLS<A extends Address = Address> extends IStreamServerEndpoint<A> {
  /**
   * Returns an endpoint for TLS over a wrapped endpoint.
   *
   * @param wrap Wraps the endpoint for the connections under TLS.
   */
  [underTLS](wrap: WrapEndpoint): IStreamServerEndpoint<A>;
}

/** Returns whether the connections of an endpoint begin with a TLS handshake. */
export function isOverTLS<A extends Address>(
  endpoint: IStreamServerEndpoint<A>,
): endpoint is EndpointOverTLS<A> {
  return underTLS in endpoint;
}
