import { assert, assertEquals, assertThrows } from "@std/assert";
import { Clock } from "../../task/mod.ts";
import { connectedServerAndClient, IOPump, TestPeer } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { closePayload, frame } from "../../testing/fixtures/websocket_frames.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import { HeartbeatTimeout } from "../heartbeat.ts";
import { Protocol } from "../protocol.ts";
import {
  startWebSocket,
  type WebSocketCloseInfo,
  type WebSocketData,
  WebSocketDecoder,
  WebSocketError,
  type WebSocketMessage,
  type WebSocketOptions,
  WebSocketProtocol,
} from "./mod.ts";

/** A protocol that records its events. */
class Recorder extends WebSocketProtocol {
  readonly received: unknown[] = [];
  ending: WebSocketCloseInfo | null = null;

  override messageReceived(data: WebSocketData): void {
    this.received.push(data);
  }

  override pingReceived(data: Uint8Array): void {
    this.received.push(["ping", data.length]);
  }

  override pongReceived(data: Uint8Array): void {
    this.received.push(["pong", data.length]);
  }

  override webSocketClosed(close: WebSocketCloseInfo): void {
    this.ending = close;
  }
}

/** Decodes what a peer has received. */
function sentTo(peer: TestPeer): WebSocketMessage[] {
  const decoder = new WebSocketDecoder({ role: "client" });
  decoder.push(peer.data);
  const messages: WebSocketMessage[] = [];
  for (let next = decoder.next(); next !== null; next = decoder.next()) messages.push(next);
  return messages;
}

/** A server's protocol with a clock, and a client that the test moves. */
class Setup implements Disposable {
  readonly pump = new IOPump({ clock: new Clock() });
  readonly pair;

  constructor(options?: WebSocketOptions) {
    this.pair = connectedServerAndClient(new Recorder(options), TestPeer, { pump: this.pump });
  }

  get protocol(): Recorder {
    return this.pair.server;
  }

  get peer(): TestPeer {
    return this.pair.client;
  }

  receive(...frames: Uint8Array[]): void {
    for (const each of frames) this.peer.transport.write(each);
    this.pump.flush();
  }

  wait(seconds: number): void {
    this.pump.clock.advance(seconds);
    this.pump.flush();
  }

  [Symbol.dispose](): void {
    this.pair[Symbol.dispose]();
  }
}

const close = (code = 1000, reason = ""): Uint8Array =>
  frame({ opcode: 8, payload: closePayload(code, reason) });

Deno.test("WebSocketProtocol connects two sides, messages, Pings and the closing handshake", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  server.handshakeDone({ role: "server", subprotocol: "chat" });
  client.handshakeDone({ role: "client", url: new URL("ws://example.org/") });
  using pair = connectedServerAndClient(server, client);
  client.send("hello");
  client.send(Uint8Array.of(1, 2));
  client.ping("abc");
  server.send("x".repeat(5000));
  assertEquals(pair.serverTransport.getTcpNoDelay(), true);
  pair.pump.flush();
  assertEquals(server.received, ["hello", Uint8Array.of(1, 2), ["ping", 3]]);
  assertEquals(client.received, ["x".repeat(5000), ["pong", 3]]);
  client.close(3001, "bye");
  assertEquals([client.isOpen, server.isOpen], [false, true]);
  client.send("dropped");
  pair.pump.flush();
  const { cause: _, ...closed } = await server.closed;
  assertEquals(closed, { code: 3001, reason: "bye", wasClean: true });
  const other = await client.closed;
  assertEquals([other.code, other.wasClean, other.cause.name], [3001, true, "ConnectionDone"]);
  assertEquals([server.subprotocol, client.url?.href], ["chat", "ws://example.org/"]);
});

Deno.test("WebSocketProtocol.close() drops the messages before the peer's Close frame", () => {
  using setup = new Setup();
  setup.protocol.close(1001, "restart");
  setup.protocol.close(1000);
  setup.receive(frame({ payload: "late" }), frame({ opcode: 9 }), close(1001), frame());
  assertEquals(sentTo(setup.peer), [{ type: "close", code: 1001, reason: "restart" }]);
  assertEquals(setup.protocol.received, [["ping", 0]]);
  assertEquals(setup.protocol.ending?.wasClean, true);
});

Deno.test("WebSocketProtocol aborts the connection if its Close frame is not answered in time", () => {
  using setup = new Setup({ closeTimeout: 4 });
  setup.protocol.close();
  setup.wait(4);
  const { code, wasClean, cause } = setup.protocol.ending ?? {};
  assertEquals([code, wasClean], [1006, false]);
  assert(cause?.message.endsWith("the peer did not answer a Close frame within 4 s"));
});

Deno.test("WebSocketProtocol.close() stops the Pings, so that closeTimeout holds", () => {
  using setup = new Setup({ pingInterval: 1, maxMissedPings: 1, closeTimeout: 60 });
  setup.protocol.close();
  setup.wait(59);
  assertEquals(setup.protocol.ending, null);
  setup.receive(frame({ payload: "late" }), close());
  assertEquals(setup.protocol.ending?.wasClean, true);
  using paused = new Setup({ pingInterval: 1, maxMissedPings: 1, closeTimeout: 60 });
  paused.protocol.pauseProducing();
  paused.protocol.close();
  paused.wait(59);
  assertEquals(paused.protocol.ending, null);
});

Deno.test("WebSocketProtocol.makeConnection() throws for a second connection", () => {
  using setup = new Setup();
  const { protocol } = setup;
  assertThrows(
    () => protocol.makeConnection(protocol.transport),
    Error,
    "Cannot open a WebSocket with Recorder: it already has, or had, a connection",
  );
});

Deno.test("WebSocketProtocol at a client waits for the server to close the connection", () => {
  using setup = new Setup({ closeTimeout: 4 });
  setup.protocol.handshakeDone({ role: "client" });
  setup.receive(frame({ opcode: 8, payload: closePayload(1000), masked: false }));
  assertEquals(setup.protocol.ending, null);
  setup.wait(4);
  const { wasClean, cause } = setup.protocol.ending ?? {};
  assertEquals(wasClean, true);
  assert(cause?.message.endsWith("the peer did not close the connection within 4 s"));
});

Deno.test("WebSocketProtocol reports a lost connection with the code 1006", async () => {
  using setup = new Setup();
  setup.peer.transport.loseConnection();
  setup.pump.flush();
  const { code, reason, wasClean } = await setup.protocol.closed;
  assertEquals({ code, reason, wasClean }, { code: 1006, reason: "", wasClean: false });
});

Deno.test("WebSocketProtocol closes with the code of a violation, and reports it", () => {
  for (
    const [bytes, code, kind] of [
      [frame({ rsv: 1 }), 1002, WebSocketError],
      [frame({ payload: "\xff" }), 1007, WebSocketError],
      [frame({ opcode: 2, payload: "x".repeat(101) }), 1009, FrameTooLongError],
    ] as const
  ) {
    using setup = new Setup({ maxMessageLength: 100 });
    setup.receive(frame({ payload: "first" }), bytes);
    assertEquals(setup.protocol.received, ["first"]);
    const [sent] = sentTo(setup.peer);
    assertEquals(sent?.type === "close" && sent.code, code);
    assert(setup.protocol.ending?.cause instanceof kind);
    assertEquals(setup.protocol.ending.code, 1006);
  }
});

Deno.test("WebSocketProtocol sends Pings to a silent peer, and aborts if it does not answer", () => {
  using setup = new Setup({ pingInterval: 10, maxMissedPings: 2 });
  setup.wait(9);
  setup.receive(frame({ payload: "alive" }));
  setup.wait(9);
  assertEquals(sentTo(setup.peer), []);
  setup.wait(1);
  assertEquals(sentTo(setup.peer).map(({ type }) => type), ["ping"]);
  setup.receive(frame({ opcode: 10 }));
  setup.wait(30);
  setup.wait(1);
  assert(setup.protocol.ending?.cause instanceof HeartbeatTimeout);
  assertEquals(setup.pump.clock.getDelayedCalls(), []);
});

Deno.test("WebSocketProtocol sends no Pings while it is paused, or with pingInterval Infinity", () => {
  using paused = new Setup({ pingInterval: 10 });
  paused.protocol.pauseProducing();
  paused.receive(frame({ payload: "held" }));
  paused.wait(100);
  assertEquals([sentTo(paused.peer), paused.protocol.received], [[], []]);
  paused.protocol.resumeProducing();
  paused.pump.flush();
  assertEquals(paused.protocol.received, ["held"]);
  paused.peer.transport.loseConnection();
  paused.pump.flush();
  paused.protocol.resumeProducing();
  assertEquals(paused.pump.clock.getDelayedCalls(), []);
  using none = new Setup({ pingInterval: Infinity });
  assertEquals(none.pump.clock.getDelayedCalls(), []);
});

Deno.test("WebSocketProtocol keeps few answers for a peer that sends Pings and does not read", () => {
  using setup = new Setup();
  const { protocol, peer, pair } = setup;
  const data = (number: number): string => String(number).padStart(125, "x");
  peer.transport.pauseProducing();
  let sent = 0;
  for (let round = 0; round < 100; round++) {
    setup.receive(
      ...Array.from({ length: 100 }, () => frame({ opcode: 9, payload: data(sent++) })),
    );
  }
  assertEquals(protocol.received.length, 10_000);
  peer.transport.resumeProducing();
  setup.pump.flush();
  const answers = sentTo(peer);
  const first = answers.length;
  assert(peer.data.length < 100_000, `${peer.data.length} bytes`);
  const text = (message: WebSocketMessage | undefined): string =>
    message?.type === "pong" ? new TextDecoder().decode(message.data) : "";
  assertEquals(text(answers.at(-1)), data(9999));
  setup.receive(frame({ opcode: 9, payload: "again" }));
  assertEquals([sentTo(peer).length, text(sentTo(peer).at(-1))], [first + 1, "again"]);
  assertEquals(pair.serverReason, null);
});

Deno.test("WebSocketProtocol.close() drops the answer that a Ping still waits for", () => {
  using setup = new Setup();
  const { protocol, peer } = setup;
  peer.transport.pauseProducing();
  for (let i = 0; i < 10_000; i++) {
    setup.receive(frame({ opcode: 9, payload: String(i).padStart(125) }));
  }
  protocol.close();
  peer.transport.resumeProducing();
  setup.pump.flush();
  const messages = sentTo(peer);
  assertEquals(messages.findIndex(({ type }) => type === "close"), messages.length - 1);
});

Deno.test("WebSocketProtocol.close() resumes a paused protocol to receive the Close frame", () => {
  using setup = new Setup();
  setup.protocol.pauseProducing();
  setup.receive(frame({ payload: "held" }), close());
  setup.protocol.close();
  setup.pump.flush();
  assertEquals([setup.protocol.received, setup.protocol.ending?.wasClean], [[], true]);
});

Deno.test("WebSocketProtocol.drainRequested() closes with the code 1001", () => {
  using setup = new Setup();
  setup.protocol.drainRequested();
  setup.pump.flush();
  assertEquals(sentTo(setup.peer), [{ type: "close", code: 1001, reason: "" }]);
});

Deno.test("WebSocketProtocol checks its options, and the arguments of close()", () => {
  for (
    const options of [
      { pingInterval: 0 },
      { maxMissedPings: 0 },
      { closeTimeout: -1 },
      { maxMessageLength: -1 },
      { maxFrameLength: 0.5 },
    ]
  ) {
    assertThrows(() => new WebSocketProtocol(options), RangeError, Object.keys(options)[0]);
  }
  using setup = new Setup();
  assertThrows(() => setup.protocol.close(1005), RangeError, "with the code 1005");
  assertEquals(setup.protocol.isOpen, true);
  assertThrows(() => new WebSocketProtocol().send("x"), Error, "its connection has not been made");
});

Deno.test("startWebSocket() replaces the protocol of a connection, with the bytes that arrived", () => {
  const recorder = new Recorder();
  class Handshake extends Protocol {
    override dataReceived(data: Uint8Array): void {
      startWebSocket(this.transport, recorder, { role: "server" }, data.slice(5));
    }
  }
  using fixture = connectProtocol(new Handshake());
  const { peer } = fixture;
  peer.transport.write(new Uint8Array([...new TextEncoder().encode("START"), ...frame()]));
  fixture.flush();
  peer.transport.write(frame({ payload: "more" }));
  fixture.flush();
  assertEquals(recorder.received, ["", "more"]);
  peer.transport.loseConnection();
  fixture.flush();
  assertEquals(recorder.ending?.code, 1006);
});
