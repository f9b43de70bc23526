/**
 * WebSocket (RFC 6455) as protocols on any endpoint: servers, clients, adapters to the shapes of
 * the web platform, and a decoder and an encoder without I/O.
 *
 * @module
 */

export {
  connectWebSocket,
  type ConnectWebSocketOptions,
  webSocketEndpoint,
  type WebSocketEndpointOptions,
} from "./connect_web_socket.ts";
export * from "../../protocol/websocket/mod.ts";
