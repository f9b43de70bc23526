/**
 * The PROXY protocol of HAProxy: a proxy sends the address of its client at the beginning of a
 * connection.
 *
 * @module
 */

export { encodeProxyHeader, type ProxyHeaderOptions } from "./encode_proxy_header.ts";
export type { ProxiedTLS } from "./proxied_tls.ts";
export { InvalidProxyHeader, ProxyHeader, type ProxyHeaderParts } from "./proxy_header.ts";
export { ProxyHeaderDecoder, type ProxyHeaderDecoderOptions } from "./proxy_header_decoder.ts";
export { type ProxyTLV, ProxyTLVType } from "./tlv.ts";
