/**
 * The messages of a WebSocket connection.
 *
 * @module
 */

/** The data of a message: a string if it is text, bytes if it is binary. */
export type WebSocketData = string | Uint8Array;

/** A message with data of the application. All its fragments have arrived. */
export interface WebSocketDataMessage {
  /** The type: `message` for text and binary data. */
  readonly type: "message";
  /** A string if the message is text, bytes if it is binary. */
  readonly data: WebSocketData;
}

/** A Ping or a Pong. */
export interface WebSocketPing {
  /** The type. */
  readonly type: "ping" | "pong";
  /** Up to 125 bytes. */
  readonly data: Uint8Array;
}

/** The Close frame, after which the peer sends nothing. */
export interface WebSocketClose {
  /** The type. */
  readonly type: "close";
  /** The code; 1005 if the frame has none. */
  readonly code: number;
  /** The reason in words. */
  readonly reason: string;
}

/** What a {@linkcode WebSocketDecoder} returns. */
export type WebSocketMessage = WebSocketDataMessage | WebSocketPing | WebSocketClose;

/** The side of a connection: a client masks its frames, a server does not. */
export type WebSocketRole = "server" | "client";
