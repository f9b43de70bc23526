import type { Address, IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import type { IStreamServerEndpoint } from "../../reactor/interfaces/endpoint.ts";
import { underTLS } from "../../reactor/stream/under_tls.ts";
import { Factory } from "../factory.ts";
import { Protocol } from "../protocol.ts";
import { ProxyProtocolFactory, type ProxyProtocolOptions } from "./proxy_protocol_factory.ts";

/**
 * Returns a server endpoint for connections from a proxy, which begin with a header of the PROXY
 * protocol. See {@linkcode ProxyProtocolFactory} for what it does with them. Twisted's
 * `proxyEndpoint`.
 *
 * With an endpoint for TLS, the header comes before the TLS handshake, because that is where
 * HAProxy and nginx send it. In Twisted, it comes after the handshake.
 *
 * @param endpoint The underlying endpoint.
 * @param options The trusted proxies and the limits.
 * @returns The endpoint.
 * @throws {TypeError} when `trustedSources` is missing.
 * @throws {RangeError} when an option is out of range.
 *
 * @example
 * ```ts no-eval
 * import { Factory, Protocol, reactor, TCP4ServerEndpoint } from "@torsion/reactor";
 * import { proxyEndpoint } from "@torsion/reactor/proxy_protocol";
 *
 * const tcp = new TCP4ServerEndpoint(reactor, 2000);
 * const endpoint = proxyEndpoint(tcp, { trustedSources: ["10.0.0.0/8"] });
 * await endpoint.listen(Factory.forProtocol(Protocol));
 * ```
 */
export function proxyEndpoint<A extends Address>(
  endpoint: IStreamServerEndpoint<A>,
  options: ProxyProtocolOptions,
): IStreamServerEndpoint<A> {
  // Invalid options are an error here, not at the first call of listen().
  new ProxyProtocolFactory(Factory.forProtocol(Protocol), options);
  const wrapUnderTLS = underTLS(endpoint);
  if (wrapUnderTLS !== null) return wrapUnderTLS((plain) => proxyEndpoint(plain, options));
  return {
    listen: (factory: IProtocolFactory, waitOptions) =>
      endpoint.listen(new ProxyProtocolFactory(factory, options), waitOptions),
    toString: () => String(endpoint),
  };
}
