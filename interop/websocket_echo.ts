/**
 * The two sides of an echo over WebSocket, for tests against other implementations.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { WebSocketFactory, WebSocketProtocol } from "../endpoints/websocket/mod.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import type { SocketFixture } from "../testing/fixtures/socket_fixture.ts";

/** Messages of all lengths of headers, with and without ASCII. */
export const MESSAGES: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  "",
  "hello",
  "héllo 😀",
  "x".repeat(125),
  "y".repeat(126),
  "z".repeat(70_000),
  new Uint8Array(0),
  Uint8Array.of(0, 127, 128, 255),
  crypto.getRandomValues(new Uint8Array(65_536)),
];

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

/** Starts an echo server. It chooses the subprotocol `echo`. @returns Its port. */
export function startEcho(fixture: SocketFixture, compression = false): number {
  const options = { subprotocols: ["echo"], compression };
  const factory = new WebSocketFactory(() => new Echo(), options);
  const port = fixture.reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  fixture.run();
  return portOf(port.getHost());
}

/** A client that sends the messages, one after the other, and compares the echoes. */
export class EchoClient extends WebSocketProtocol {
  readonly #echoes: (string | Uint8Array)[] = [];

  override connectionMade(): void {
    this.#next();
  }

  override messageReceived(data: string | Uint8Array): void {
    this.#echoes.push(data);
    this.#next();
  }

  /** Waits for the end, and checks the echoes and the closing handshake. */
  async done(): Promise<void> {
    const { code, reason, wasClean } = await this.closed;
    assertEquals({ code, reason, wasClean }, { code: 3000, reason: "done", wasClean: true });
    assertEquals(this.#echoes, [...MESSAGES]);
  }

  #next(): void {
    const message = MESSAGES[this.#echoes.length];
    if (message === undefined) this.close(3000, "done");
    else this.send(message);
  }
}

/** Sends the messages with a `WebSocket` of another implementation, and compares the echoes. */
export async function exchange(socket: WebSocket): Promise<void> {
  socket.binaryType = "arraybuffer";
  const echoes: unknown[] = [];
  const next = (): void => {
    const message = MESSAGES[echoes.length];
    if (message === undefined) socket.close(3000, "done");
    else socket.send(message);
  };
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  socket.onmessage = ({ data }) => {
    echoes.push(typeof data === "string" ? data : new Uint8Array(data));
    next();
  };
  if (socket.readyState === WebSocket.OPEN) next();
  else socket.onopen = next;
  const { code, wasClean } = await closed;
  assertEquals({ code, wasClean }, { code: 3000, wasClean: true });
  assertEquals(echoes, [...MESSAGES]);
}
