import type { ITransport } from "../../reactor/interfaces/mod.ts";
import { TransportWrapper } from "../policies/transport_wrapper.ts";
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
  /**
   * Whether messages may be compressed by `permessage-deflate`, without a context that they share.
   *
   * @default {false}
   */
  readonly compression?: boolean | undefined;
  /** The request of the client, at the server. */
  readonly request?: WebSocketRequest | null | undefined;
}

/** The key of {@linkcode HandshakeTransport}'s method: no other object has it by accident. */
export const takeHandshake: unique symbol = Symbol("takeHandshake");

/** A transport that has completed a handshake of which the protocol does not know yet. */
export interface HandshakeTransport extends ITransport {
  /** Returns the result of the handshake. */
  [takeHandshake](): WebSocketHandshake;
}

/**
 * Returns the result of the handshake that a transport, or one that it wraps, has completed.
 *
 * A protocol takes it from its transport, because the code that has completed the handshake may see
 * only a wrapper of the protocol, such as that of a `ClientService`.
 *
 * @param transport The transport of a protocol.
 * @returns The result; null if another object passes it to the protocol.
 */
export function handshakeOf(transport: ITransport): WebSocketHandshake | null {
  if (hasHandshake(transport)) return transport[takeHandshake]();
  return transport instanceof TransportWrapper ? handshakeOf(transport.transport) : null;
}

/**
 * Throws if a protocol cannot be used for a new connection.
 *
 * @param protocol The protocol.
 * @throws {Error} when it already has, or had, a connection.
 */
export function checkUnused(protocol: { readonly connected: boolean }): void {
  if (!protocol.connected) return;
  throw new Error(
    `Cannot open a WebSocket with ${protocol.constructor.name}: it already has, or had, a ` +
      "connection; each connection needs a new protocol",
  );
}

function hasHandshake(transport: ITransport): transport is HandshakeTransport {
  return takeHandshake in transport;
}
