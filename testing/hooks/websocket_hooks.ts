/**
 * The hooks of WebSocket: decisions about requests, methods of the protocol, listeners, and random
 * numbers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  EventWebSocket,
  WebSocketClientEndpoint,
  WebSocketEncoder,
  WebSocketFactory,
  type WebSocketFactoryOptions,
  WebSocketProtocol,
} from "../../protocol/websocket/mod.ts";
import { ClientFactory } from "../../protocol/mod.ts";
import { IPv4Address } from "../../reactor/addresses.ts";
import { ManualEndpoint } from "../manual_endpoint.ts";
import { connectProtocol } from "../fixtures/protocol_fixture.ts";
import { frame } from "../fixtures/websocket_frames.ts";
import type { Case, Hook } from "./hook.ts";

const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/** Sends a request, which a failing callback must answer with 500. */
async function request(
  { wrong }: Case,
  text: string,
  accept: () => never,
  options: WebSocketFactoryOptions = {},
): Promise<void> {
  const factory = new WebSocketFactory(accept, options);
  using fixture = connectProtocol(factory.buildProtocol(new IPv4Address("TCP", "192.0.2.7", 1)));
  fixture.peer.send(text);
  await fixture.settle();
  const [status = ""] = fixture.peer.text.split("\r\n");
  assertEquals(status, wrong.fails ? "HTTP/1.1 500 Internal Server Error" : "");
  fixture.connection.abortConnection();
  await fixture.settle();
}

type Method = "messageReceived" | "pingReceived" | "pongReceived" | "frameReceived";

/** Receives bytes with a method of the protocol that fails, which must lose the connection. */
async function receive(
  { act, wrong }: Case,
  method: Method | "decodingFailed",
  bytes: Uint8Array,
): Promise<void> {
  const protocol = Object.assign(new WebSocketProtocol(), { [method]: act });
  using fixture = connectProtocol(protocol);
  fixture.peer.send(bytes);
  await fixture.settle();
  if (wrong.fails) assertEquals(fixture.connection.connected, false, "the connection is open");
  fixture.connection.abortConnection();
  await fixture.settle();
}

function methodHook(method: Method | "decodingFailed", bytes: Uint8Array): Hook {
  return {
    name: method,
    where: "of a WebSocketProtocol",
    calledBy: "dataReceived",
    documented: [`WebSocketProtocol.${method}`],
    run: (test) => receive(test, method, bytes),
  };
}

/** Opens a connection, receives a message, and loses the connection. */
async function useSocket(prepare: (socket: EventWebSocket) => void): Promise<void> {
  const socket = new EventWebSocket();
  prepare(socket);
  using fixture = connectProtocol(socket.webSocketProtocol);
  fixture.peer.send(frame({ payload: "hello" }));
  await fixture.settle();
  assertEquals(fixture.reason, null, "the connection was lost");
  fixture.connection.abortConnection();
  await fixture.settle();
}

function handlerHook(event: "open" | "message" | "error" | "close"): Hook {
  return {
    name: `on${event}`,
    calledBy: `a listener for ${event}`,
    documented: [`EventWebSocket.on${event}`],
    run: ({ act }) => useSocket((socket) => Object.assign(socket, { [`on${event}`]: act })),
  };
}

export const WEBSOCKET_HOOKS: readonly Hook[] = [
  {
    name: "accept",
    documented: ["new WebSocketFactory(accept)"],
    run: (test) => request(test, UPGRADE, test.act),
    refuses: { option: "accept", give: (accept) => new WebSocketFactory(accept) },
  },
  {
    name: "answer",
    documented: ["WebSocketFactoryOptions.answer"],
    run: (test) =>
      request(test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", test.act, { answer: test.act }),
    refuses: {
      option: "answer",
      give: (answer) => new WebSocketFactory(() => null, { answer }),
    },
  },
  methodHook("messageReceived", frame()),
  methodHook("pingReceived", frame({ opcode: 9 })),
  methodHook("pongReceived", frame({ opcode: 10 })),
  methodHook("frameReceived", frame()),
  methodHook("decodingFailed", frame({ rsv: 1 })),
  {
    name: "webSocketClosed",
    calledBy: "connectionLost",
    documented: ["WebSocketProtocol.webSocketClosed"],
    run: async ({ act }) => {
      const protocol = Object.assign(new WebSocketProtocol(), { webSocketClosed: act });
      using fixture = connectProtocol(protocol);
      fixture.connection.abortConnection();
      await fixture.settle();
      assertEquals((await protocol.closed).code, 1006);
    },
  },
  {
    name: "a listener",
    documented: ["EventWebSocket.addEventListener(listener)"],
    run: ({ act }) => useSocket((socket) => socket.addEventListener("open", act)),
  },
  handlerHook("open"),
  handlerHook("message"),
  handlerHook("error"),
  handlerHook("close"),
  {
    name: "getRandomValues",
    where: "of a WebSocketEncoder",
    documented: ["WebSocketEncoderOptions.getRandomValues"],
    reports: "either",
    answers: true,
    run: ({ act, received }) => {
      const encoder = new WebSocketEncoder({ role: "client", getRandomValues: act });
      try {
        encoder.encode("x");
      } catch (error) {
        received(error);
      }
    },
    refuses: {
      option: "getRandomValues",
      give: (getRandomValues) => new WebSocketEncoder({ getRandomValues }),
    },
  },
  {
    name: "getRandomValues",
    where: "of a WebSocketClientEndpoint",
    documented: ["WebSocketClientOptions.getRandomValues"],
    reports: "either",
    answers: true,
    run: ({ act, received }) => {
      const server = new ManualEndpoint();
      const options = { getRandomValues: act };
      const endpoint = new WebSocketClientEndpoint(server, "ws://example.org/", options);
      endpoint.connect(ClientFactory.forProtocol(WebSocketProtocol)).addErrback(received);
      server.attempt().succeed();
      server.pump.flush();
    },
    refuses: {
      option: "getRandomValues",
      give: (getRandomValues) =>
        new WebSocketClientEndpoint(new ManualEndpoint(), "ws://a/", { getRandomValues }),
    },
  },
];
