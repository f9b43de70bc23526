import type { WebSocketRole } from "./web_socket_message.ts";
import type { WebSocketRequest } from "./web_socket_request.ts";

/** The result of an opening handshake. */
export interface WebSocketHandshake {
  /** The side of this protocol. */
  readonly role: WebSocketRole;
  /**
   * The subprotocol that was negotiated.
   *
   * @default {""} None.
   */
  readonly subprotocol?: string | undefined;
  /** The URL of the connection; `null` if it is not known. */
  readonly url?: URL | null | undefined;
  /** The request of the client, at the server. */
  readonly request?: WebSocketRequest | null | undefined;
}
