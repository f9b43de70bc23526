/**
 * WebSocket (RFC 6455) as protocols on any endpoint: servers, clients, and a decoder and an encoder
 * without I/O.
 *
 * @module
 */

export { WebSocketCloseCode } from "./close_code.ts";
export { WebSocketDecoder, type WebSocketDecoderOptions } from "./web_socket_decoder.ts";
export {
  WebSocketEncoder,
  type WebSocketEncoderOptions,
  type WebSocketSink,
} from "./web_socket_encoder.ts";
export { WebSocketError } from "./web_socket_error.ts";
export type {
  WebSocketClose,
  WebSocketData,
  WebSocketDataMessage,
  WebSocketMessage,
  WebSocketPing,
  WebSocketRole,
} from "./web_socket_message.ts";
export { HTTPAnswer, type HTTPAnswerOptions } from "./http_answer.ts";
export { startWebSocket } from "./start_web_socket.ts";
export type { WebSocketHandshake } from "./web_socket_handshake.ts";
export type { WebSocketOptions } from "./web_socket_options.ts";
export { type WebSocketCloseInfo, WebSocketProtocol } from "./web_socket_protocol.ts";
export type { WebSocketRequest } from "./web_socket_request.ts";
export { WebSocketHandshakeError } from "./client_handshake.ts";
export {
  WebSocketClientEndpoint,
  type WebSocketClientOptions,
} from "./web_socket_client_endpoint.ts";
export { WebSocketFactory } from "./web_socket_factory.ts";
export type {
  WebSocketAccept,
  WebSocketDecision,
  WebSocketFactoryOptions,
} from "./web_socket_rules.ts";
export {
  EventWebSocket,
  type EventWebSocketEvents,
  type EventWebSocketListener,
} from "./event_web_socket.ts";
export {
  type WebSocketStreamOptions,
  WebSocketStreamProtocol,
} from "./web_socket_stream_protocol.ts";
export type { RandomSource } from "./random_source.ts";
