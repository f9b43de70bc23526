import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ConnectedPair, connectedServerAndClient, LoggedErrors } from "../../testing/mod.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import { EventWebSocket, type WebSocketData, WebSocketProtocol } from "./mod.ts";

class Recorder extends WebSocketProtocol {
  readonly received: WebSocketData[] = [];

  override messageReceived(data: WebSocketData): void {
    this.received.push(data);
  }
}

/** A socket of a server, and a client that records messages. */
function connect(
  socket: EventWebSocket,
  capacity?: number,
): ConnectedPair<WebSocketProtocol, Recorder> {
  const client = new Recorder();
  client.handshakeDone({ role: "client" });
  return connectedServerAndClient(socket.webSocketProtocol, client, { capacity });
}

Deno.test("EventWebSocket has the events and states of a WebSocket", async () => {
  const socket = new EventWebSocket();
  const events: unknown[] = [];
  socket.onopen = ({ type }) => events.push([type, socket.readyState]);
  socket.onmessage = ({ data }) => events.push(data);
  socket.onerror = ({ type }) => events.push(type);
  socket.addEventListener("close", ({ type, code, reason, wasClean }) => {
    events.push([type, code, reason, wasClean, socket.readyState]);
  });
  assertEquals(socket.readyState, EventWebSocket.CONNECTING);
  using pair = connect(socket);
  const { client, pump } = pair;
  client.send("text");
  client.send(Uint8Array.of(1, 2));
  pump.flush();
  socket.binaryType = "arraybuffer";
  client.send(Uint8Array.of(3));
  pump.flush();
  socket.send("answer");
  socket.close(3000, "done");
  assertEquals(socket.readyState, EventWebSocket.CLOSING);
  pump.flush();
  const blob = events[2];
  assert(blob instanceof Blob);
  assertEquals(new Uint8Array(await blob.arrayBuffer()), Uint8Array.of(1, 2));
  events[2] = "blob";
  assertEquals(events, [
    ["open", EventWebSocket.OPEN],
    "text",
    "blob",
    Uint8Array.of(3).buffer,
    ["close", 3000, "", true, EventWebSocket.CLOSED],
  ]);
  assertEquals(client.received, ["answer"]);
});

Deno.test("EventWebSocket sends every kind of data, in order behind a blob", async () => {
  const socket = new EventWebSocket();
  using pair = connect(socket);
  const { client, pump } = pair;
  const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
  socket.send(buffer);
  socket.send(new DataView(buffer, 1, 2));
  socket.send(new Blob(["blob"]));
  const changing = Uint8Array.of(7);
  socket.send(changing);
  changing[0] = 8;
  socket.send("text");
  assertEquals(socket.bufferedAmount, 4 + 2 + 4 + 1 + 4);
  // Untyped callers may send anything; the platform sends it as text.
  socket.send(42 as never);
  socket.close();
  assertEquals(socket.readyState, EventWebSocket.CLOSING);
  socket.send("dropped");
  const closed = client.closed;
  // The blob is read by the platform, whose steps the pump does not know.
  while (client.received.length < 6) {
    await nextMacrotask();
    pump.flush();
  }
  await closed;
  assertEquals(client.received, [
    Uint8Array.of(1, 2, 3, 4),
    Uint8Array.of(2, 3),
    new TextEncoder().encode("blob"),
    Uint8Array.of(7),
    "text",
    "42",
  ]);
  assertEquals(socket.bufferedAmount, "dropped".length);
});

Deno.test("EventWebSocket.bufferedAmount counts what a slow peer has not received", async () => {
  const socket = new EventWebSocket();
  using pair = connect(socket, 1000);
  const { client, pump } = pair;
  client.pauseProducing();
  socket.send("x".repeat(100_000));
  await pump.pumpUntilIdle();
  assertEquals(socket.bufferedAmount, 100_000);
  client.resumeProducing();
  await pump.pumpUntilIdle();
  assertEquals([socket.bufferedAmount, client.received.length], [0, 1]);
});

Deno.test("EventWebSocket announces an error before the close of a lost connection", () => {
  const socket = new EventWebSocket();
  const events: unknown[] = [];
  socket.onerror = ({ type }) => events.push(type);
  socket.onclose = ({ code, wasClean }) => events.push([code, wasClean]);
  using pair = connect(socket);
  pair.client.transport.abortConnection();
  pair.pump.flush();
  assertEquals(events, ["error", [1006, false]]);
});

Deno.test("EventWebSocket logs the errors of listeners, and removes listeners", () => {
  using errors = new LoggedErrors();
  const socket = new EventWebSocket();
  const events: string[] = [];
  const removed = () => events.push("removed");
  socket.addEventListener("open", removed);
  socket.removeEventListener("open", removed);
  socket.onopen = () => {
    throw new Error("boom");
  };
  socket.addEventListener("open", { handleEvent: () => events.push("object") });
  socket.addEventListener("open", () => Promise.reject(new Error("never awaited")).catch(() => {}));
  using _link = connect(socket);
  assertEquals(events, ["object"]);
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
});

Deno.test("EventWebSocket throws the errors of a WebSocket", () => {
  const socket = new EventWebSocket();
  assertThrows(() => socket.send("x"), DOMException, "not open yet");
  using _link = connect(socket);
  assertThrows(() => socket.close(1001), DOMException, "with the code 1001");
  assertThrows(() => socket.close(3000, "x".repeat(124)), DOMException, "a reason of 124 bytes");
  assertEquals([socket.url, socket.protocol, socket.extensions], ["", "", ""]);
});
