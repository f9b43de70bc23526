/**
 * The PROXY protocol of HAProxy, of both versions: a proxy sends the address of its client at the
 * beginning of a connection, and the server shows it as the peer's address.
 *
 * No library fits below it. On npm, `proxy-protocol-js` 4.0 parses only complete headers, accepts
 * any text as an address of version 1, and leaves the TLVs to the caller; `findhit-proxywrap` 0.3
 * wraps the servers of `node:net`, and believes every peer.
 *
 * @module
 */

export { encodeProxyHeader, type ProxyHeaderOptions } from "./encode_proxy_header.ts";
export type { ProxiedTLS } from "./proxied_tls.ts";
export { InvalidProxyHeader, ProxyHeader, type ProxyHeaderParts } from "./proxy_header.ts";
export { proxyHeaderOf } from "./header_of_address.ts";
export { proxyClientEndpoint } from "./proxy_client_endpoint.ts";
export { proxyEndpoint } from "./proxy_endpoint.ts";
export { ProxyProtocolFactory, type ProxyProtocolOptions } from "./proxy_protocol_factory.ts";
export { ProxyHeaderDecoder, type ProxyHeaderDecoderOptions } from "./proxy_header_decoder.ts";
export { type ProxyTLV, ProxyTLVType } from "./tlv.ts";
