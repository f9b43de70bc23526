/**
 * SOCKS, of the versions 4, 4a and 5: a server that connects its clients to the targets that they
 * request, client endpoints that connect through such a server, and the messages of both sides as
 * decoders and functions without a transport.
 *
 * No library fits below it. The client of npm that others build on, `socks` 2.8, opens sockets of
 * `node:net` itself, and its parser is a part of them. The servers `socksv5` 0.0 and `simple-socks`
 * 3.6 are servers of `node:net`.
 *
 * @module
 */

export {
  encodeSOCKS4Reply,
  encodeSOCKS4Request,
  encodeSOCKS5Authentication,
  encodeSOCKS5Credentials,
  encodeSOCKS5Greeting,
  encodeSOCKS5MethodSelection,
  encodeSOCKS5Reply,
  encodeSOCKS5Request,
  type SOCKS4RequestOptions,
  type SOCKS5RequestOptions,
  type SOCKSReplyOptions,
  type SOCKSTarget,
} from "./encode_socks.ts";
export { type SOCKSClientRequest, SOCKSError } from "./socks_client_connection.ts";
export {
  SOCKS4ClientEndpoint,
  type SOCKS4ClientOptions,
  SOCKS5ClientEndpoint,
  type SOCKS5ClientOptions,
  SOCKSClientEndpoint,
  type SOCKSClientOptions,
} from "./socks_client_endpoint.ts";
export { SOCKSFactory } from "./socks_factory.ts";
export type { SOCKSFactoryOptions, SOCKSReactor, SOCKSResolvedTarget } from "./socks_options.ts";
export {
  InvalidSOCKSMessage,
  SOCKS4Reply,
  SOCKS5Reply,
  type SOCKSAuthentication,
  type SOCKSClientMessage,
  SOCKSCommand,
  type SOCKSCredentials,
  type SOCKSGreeting,
  SOCKSMethod,
  type SOCKSMethodSelection,
  type SOCKSReply,
  type SOCKSRequest,
  type SOCKSServerMessage,
  UnknownSOCKSAddressType,
} from "./socks_messages.ts";
export { SOCKSReplyDecoder, type SOCKSReplyDecoderOptions } from "./socks_reply_decoder.ts";
export { SOCKSRequestDecoder, type SOCKSRequestDecoderOptions } from "./socks_request_decoder.ts";
