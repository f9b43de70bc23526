import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ConnectedPair, connectedServerAndClient } from "../../testing/mod.ts";
import { type WebSocketData, WebSocketProtocol, WebSocketStreamProtocol } from "./mod.ts";

/** A stream of the server, and a client that records messages. */
class Recorder extends WebSocketProtocol {
  readonly received: WebSocketData[] = [];

  override messageReceived(data: WebSocketData): void {
    this.received.push(data);
  }
}

function connect(capacity?: number): ConnectedPair<WebSocketStreamProtocol, Recorder> {
  const client = new Recorder();
  client.handshakeDone({ role: "client" });
  const server = new WebSocketStreamProtocol({ highWaterMark: 10 });
  return connectedServerAndClient(server, client, { capacity });
}

Deno.test("WebSocketStreamProtocol reads and writes messages, and closes with 1000", async () => {
  using pair = connect();
  const { server, client, pump } = pair;
  const [reader, writer] = [server.readable.getReader(), server.writable.getWriter()];
  client.send("hello");
  client.send(Uint8Array.of(1));
  await pump.pumpUntilIdle();
  assertEquals((await reader.read()).value, "hello");
  assertEquals((await reader.read()).value, Uint8Array.of(1));
  await writer.write("answer");
  const closing = writer.close();
  await pump.pumpUntilIdle();
  await closing;
  assertEquals(client.received, ["answer"]);
  assertEquals((await client.closed).code, 1000);
  assertEquals((await reader.read()).done, true);
});

Deno.test("WebSocketStreamProtocol holds back messages until the reader reads", async () => {
  using pair = connect();
  const { server, client, pump } = pair;
  for (const text of ["12345678", "9", "0", "a", "b"]) client.send(text);
  await pump.pumpUntilIdle();
  assertEquals(server.paused, true);
  const reader = server.readable.getReader();
  const texts: WebSocketData[] = [];
  for (let i = 0; i < 5; i++) texts.push((await reader.read()).value ?? "");
  assertEquals(texts, ["12345678", "9", "0", "a", "b"]);
  assertEquals(server.paused, false);
});

Deno.test("WebSocketStreamProtocol limits the number of empty messages that it buffers", async () => {
  using pair = connect();
  const { server, client, pump } = pair;
  for (let i = 0; i < 30; i++) client.send("");
  await pump.pumpUntilIdle();
  assertEquals(server.paused, true);
});

Deno.test("WebSocketStreamProtocol.writable waits for a peer that does not read", async () => {
  using pair = connect(1000);
  const { server, client, pump } = pair;
  client.pauseProducing();
  const writer = server.writable.getWriter();
  let isWritten = false;
  const writing = writer.write("x".repeat(200_000)).then(() => isWritten = true);
  await pump.pumpUntilIdle();
  assertEquals(isWritten, false);
  client.resumeProducing();
  await pump.pumpUntilIdle();
  await writing;
  assertEquals(client.received.map(({ length }) => length), [200_000]);
});

Deno.test("WebSocketStreamProtocol fails both streams if the connection is lost", async () => {
  using pair = connect();
  const { server, client, pump } = pair;
  const [reader, writer] = [server.readable.getReader(), server.writable.getWriter()];
  const failed = Promise.all([
    assertRejects(() => reader.read()),
    assertRejects(() => writer.closed),
  ]);
  client.transport.abortConnection();
  await pump.pumpUntilIdle();
  await failed;
});

Deno.test("WebSocketStreamProtocol ends a writable that the peer has closed", async () => {
  using pair = connect();
  const { server, client, pump } = pair;
  const reader = server.readable.getReader();
  const writer = server.writable.getWriter();
  client.close(3000);
  await pump.pumpUntilIdle();
  assertEquals((await reader.read()).done, true);
  await assertRejects(() => writer.write("late"));
  await assertRejects(() => writer.closed);
});

Deno.test("WebSocketStreamProtocol closes when the reader cancels or the writer aborts", async () => {
  for (const end of ["cancel", "abort"] as const) {
    using pair = connect();
    const { server, client, pump } = pair;
    const reason = `${"é".repeat(80)} is too long`;
    const ended = end === "cancel" ? server.readable.cancel(reason) : server.writable.abort(reason);
    await pump.pumpUntilIdle();
    await ended;
    const close = await client.closed;
    assertEquals([close.code, close.reason], [1000, "é".repeat(61)]);
  }
});

Deno.test("WebSocketStreamProtocol can be closed by await using", async () => {
  using pair = connect();
  const { server, client, pump } = pair;
  const disposed = server[Symbol.asyncDispose]();
  await pump.pumpUntilIdle();
  await disposed;
  assert((await client.closed).wasClean);
  assertThrows(() => new WebSocketStreamProtocol().readable, Error, "has not been made");
});
