import type { ITransport } from "../../reactor/interfaces/mod.ts";
import { switchProtocol } from "../../reactor/stream/protocol_switch.ts";
import type { WebSocketHandshake } from "./web_socket_handshake.ts";
import type { WebSocketProtocol } from "./web_socket_protocol.ts";

/**
 * Starts a protocol on a connection whose opening handshake other code has completed, such as an
 * HTTP server.
 *
 * @param transport The connection.
 * @param protocol The protocol, which receives the further events of the connection.
 * @param handshake The result of the handshake.
 * @param received Bytes that arrived after the handshake.
 * @throws {UnsupportedError} when the transport cannot replace its protocol.
 *
 * @example
 * ```ts no-eval
 * import { Protocol } from "@torsion/reactor";
 * import { startWebSocket, WebSocketProtocol } from "@torsion/reactor/websocket";
 *
 * class Handshake extends Protocol {
 *   override dataReceived(data: Uint8Array) {
 *     // … after the answer "101 Switching Protocols":
 *     startWebSocket(this.transport, new WebSocketProtocol(), { role: "server" }, data.slice(200));
 *   }
 * }
 * ```
 */
export function startWebSocket(
  transport: ITransport,
  protocol: WebSocketProtocol,
  handshake: WebSocketHandshake,
  received: Uint8Array = new Uint8Array(0),
): void {
  switchProtocol("start a WebSocket on", transport, protocol);
  protocol.handshakeDone(handshake);
  protocol.makeConnection(transport);
  if (received.length > 0 && transport.connected && !transport.disconnecting) {
    protocol.dataReceived(received);
  }
}
