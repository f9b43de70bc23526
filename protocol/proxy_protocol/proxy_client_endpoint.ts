import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../../reactor/interfaces/endpoint.ts";
import { checkFactory } from "../../reactor/lifecycle/argument_checks.ts";
import { buildProtocol } from "../../reactor/stream/factory_calls.ts";
import { ForwardingFactory } from "../../reactor/stream/forwarding_factory.ts";
import { type ProtocolWrapper, wrapProtocol } from "../../reactor/stream/protocol_wrapper.ts";
import { encodeProxyHeader, type ProxyHeaderOptions } from "./encode_proxy_header.ts";
import type { Deferred } from "../../defer/mod.ts";

/**
 * Returns a client endpoint whose connections begin with a header of the PROXY protocol. Twisted
 * only receives headers.
 *
 * For TLS, wrap the result: `wrapClientTLS(options, proxyClientEndpoint(endpoint, header))`. The
 * header comes before the TLS handshake then, as servers expect it.
 *
 * @param endpoint The underlying endpoint.
 * @param header The content of the header.
 * @returns The endpoint.
 * @throws {RangeError | TypeError} when the header cannot be encoded.
 *
 * @example Ask a server behind the PROXY protocol whether it is healthy
 * ```ts no-eval
 * import { connectProtocol, Protocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { proxyClientEndpoint } from "@torsion/reactor/proxy_protocol";
 *
 * reactor.run();
 * const tcp = new TCP4ClientEndpoint(reactor, "127.0.0.1", 2000);
 * const endpoint = proxyClientEndpoint(tcp, { command: "LOCAL" });
 * await connectProtocol(endpoint, new Protocol());
 * ```
 */
export function proxyClientEndpoint(
  endpoint: IStreamClientEndpoint,
  header: ProxyHeaderOptions,
): IStreamClientEndpoint {
  const bytes = encodeProxyHeader(header);
  return {
    connect<P extends IProtocol>(
      factory: ITypedProtocolFactory<P>,
      options?: EndpointOptions,
    ): Deferred<P> {
      checkFactory("connect", factory);
      const sending = new ForwardingFactory<ProtocolWrapper<P>>(factory, (addr) => {
        const protocol = buildProtocol(factory, addr);
        if (protocol === null) return null;
        // The transport may keep the bytes until they are sent, so each connection has its own.
        return wrapProtocol(protocol, { making: (transport) => transport.write(bytes.slice()) });
      });
      return endpoint.connect(sending, options).addCallback((wrapper) => wrapper.protocol);
    },
    toString: () => String(endpoint),
  };
}
