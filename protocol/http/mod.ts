/**
 * HTTP/1.1 servers on any endpoint: TCP, UNIX sockets, TLS, behind the PROXY protocol, on adopted
 * sockets, in memory, and in the simulated network.
 *
 * - {@linkcode HTTPFactory} serves a handler, as `Deno.serve` takes one: it gets a `Request`, and
 *   returns a `Response` or a promise of it.
 * - {@linkcode HTTPRequestInfo} is the second argument of a handler: addresses, and the change to
 *   another protocol.
 * - {@linkcode RequestDecoder} decodes requests without I/O.
 *
 * `fetch` is the client. For Deno's own server in the life of a reactor, see `HTTPService` of
 * `@torsion/reactor/endpoints`.
 *
 * llhttp, the parser of Node, reads each request that this parser accepts in the same way, or
 * refuses it only for its method. Tests compare the two on published smuggling requests. The parser
 * does not use llhttp, which is published for JavaScript only inside `undici`, without rules for
 * the request target, `Host` and the limits.
 *
 * @module
 */

export { BODY_END, RequestDecoder, type RequestPart } from "./request_decoder.ts";
export { HTTPChannel, type HTTPHandler } from "./http_channel.ts";
export { HTTPFactory } from "./http_factory.ts";
export type { HTTPLimits, HTTPOptions, HTTPSettings } from "./http_options.ts";
export { HTTPRequestInfo } from "./request_info.ts";
export { HTTPSyntaxError } from "./http_syntax_error.ts";
export type { HTTPField } from "./http_field.ts";
export { RequestHead, type RequestHeadFacts } from "./request_head.ts";
