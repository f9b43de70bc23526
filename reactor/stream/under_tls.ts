/**
 * Server endpoints for TLS over another endpoint, on which a header can come before TLS.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { IStreamServerEndpoint } from "../interfaces/endpoint.ts";

/** Replaces an endpoint by one that does more with its connections. */
export type WrapEndpoint = <A extends Address>(
  plain: IStreamServerEndpoint<A>,
) => IStreamServerEndpoint<A>;

/** Returns an endpoint for TLS over a wrapped endpoint. */
export type WrapUnderTLS<A extends Address = Address> = (
  wrap: WrapEndpoint,
) => IStreamServerEndpoint<A>;

/** The endpoints for TLS. */
const ENDPOINTS = new WeakMap<IStreamServerEndpoint, WrapUnderTLS>();

/**
 * Declares that the connections of an endpoint begin with a TLS handshake.
 *
 * @param endpoint The endpoint.
 * @param wrapUnder Returns the same endpoint, with another one for the connections under TLS.
 */
export function declareOverTLS<A extends Address>(
  endpoint: IStreamServerEndpoint<A>,
  wrapUnder: WrapUnderTLS<A>,
): void {
  ENDPOINTS.set(endpoint, wrapUnder);
}

/**
 * Returns a function that wraps what is under TLS.
 *
 * @param endpoint The endpoint.
 * @returns The function; `null` if the endpoint is not for TLS.
 */
export function underTLS<A extends Address>(
  endpoint: IStreamServerEndpoint<A>,
): WrapUnderTLS<A> | null {
  // The cast is safe: the function was declared for this endpoint, whose addresses have this type.
  return (ENDPOINTS.get(endpoint) ?? null) as WrapUnderTLS<A> | null;
}
