/**
 * The package `ws` of npm, with the types of what the tests use. Those of `@types/ws` would add all
 * types of Node to this project.
 *
 * @module
 */

import * as ws from "ws";

/** The data of a message: a `Buffer`, also of a text. */
type Data = Uint8Array;

/** A connection of `ws`: it has the events of the platform's `WebSocket`, and those of Node. */
export interface NpmWebSocket extends WebSocket {
  on(event: "open", listener: () => void): void;
  on(event: "message", listener: (data: Data, isBinary: boolean) => void): void;
  on(event: "pong", listener: (data: Data) => void): void;
  on(event: "close", listener: (code: number) => void): void;
  ping(data: string): void;
  send(data: unknown, options?: { binary?: boolean; fin?: boolean }): void;
}

/** A server of `ws`. */
export interface NpmWebSocketServer {
  on(event: "listening", listener: () => void): void;
  on(event: "connection", listener: (socket: NpmWebSocket) => void): void;
  address(): { port: number };
  close(done: () => void): void;
}

/** The part of the package that is used. */
interface NpmWS {
  readonly WebSocket: new (
    url: string,
    protocols?: string[],
    options?: { perMessageDeflate: { serverMaxWindowBits: number; threshold: number } },
  ) => NpmWebSocket;
  readonly WebSocketServer: new (
    options: { port: number; host: string; perMessageDeflate?: boolean | { threshold: number } },
  ) => NpmWebSocketServer;
}

// The package has no types of its own, and no module without them could be checked.
export const { WebSocket: NpmWebSocket, WebSocketServer: NpmWebSocketServer } =
  ws as unknown as NpmWS;

/** Returns the text of a message. */
export function textOf(data: Data): string {
  return new TextDecoder().decode(data);
}
