// Twisted's test/test_loopback.py, LoopbackAsyncTests.

import { assertEquals, assertInstanceOf } from "@std/assert";
import { CancelledError } from "../defer/mod.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { IPullProducer } from "../reactor/interfaces/mod.ts";
import { LineReceiver, Protocol } from "../protocol/mod.ts";
import { AccumulatingProtocol, loopbackAsync } from "./mod.ts";
import { nextMacrotask } from "./next_macrotask.ts";

class Recorder extends Protocol {
  readonly events: string[] = [];
  reason: Error | null = null;

  override connectionMade(): void {
    this.events.push("made");
  }

  override dataReceived(data: Uint8Array): void {
    this.events.push(new TextDecoder().decode(data));
  }

  override connectionLost(reason: Error): void {
    this.reason = reason;
    this.events.push("lost");
  }
}

Deno.test("loopbackAsync() connects both protocols at once", () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const closed = loopbackAsync(server, client).addErrback((error) => {
    assertInstanceOf(error, CancelledError);
  });
  assertEquals([server.events, client.events], [["made"], ["made"]]);
  closed.cancel();
});

Deno.test("loopbackAsync() fires when both protocols have lost the connection", async () => {
  for (const closes of ["server", "client"] as const) {
    const ends = { server: new Recorder(), client: new Recorder() };
    const closed = loopbackAsync(ends.server, ends.client);
    ends[closes].transport.write("last");
    ends[closes].transport.loseConnection();
    await closed;
    const other = closes === "server" ? ends.client : ends.server;
    assertEquals(other.events, ["made", "last", "lost"]);
    assertEquals(ends[closes].events, ["made", "lost"]);
    assertInstanceOf(ends.server.reason, ConnectionDone);
    assertInstanceOf(ends.client.reason, ConnectionDone);
  }
});

Deno.test("loopbackAsync() never calls dataReceived within write()", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const closed = loopbackAsync(server, client);
  client.transport.write("a");
  assertEquals(server.events, ["made"]);
  await nextMacrotask();
  await nextMacrotask();
  assertEquals(server.events, ["made", "a"]);
  client.transport.loseConnection();
  await closed;
});

Deno.test("loopbackAsync() moves bytes that are written after the connections were idle", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const closed = loopbackAsync(server, client);
  for (let i = 0; i < 20; i++) await nextMacrotask();
  client.transport.write("late");
  for (let i = 0; i < 20; i++) await nextMacrotask();
  assertEquals(server.events, ["made", "late"]);
  server.transport.loseConnection();
  await closed;
});

Deno.test("loopbackAsync() asks a pull producer for more when its bytes have left", async () => {
  const [server, client] = [new Recorder(), new AccumulatingProtocol()];
  const closed = loopbackAsync(server, client);
  let count = 0;
  const producer: IPullProducer = {
    resumeProducing(): void {
      server.transport.write(String(count++));
      if (count === 4) {
        server.transport.unregisterProducer();
        server.transport.loseConnection();
      }
    },
    stopProducing: () => {},
  };
  server.transport.registerProducer(producer, false);
  await closed;
  assertEquals(client.text(), "0123");
});

Deno.test("loopbackAsync() takes factories, and cuts the bytes by chunkSize", async () => {
  class Upper extends LineReceiver {
    override textReceived(line: string): void {
      this.sendLine(line.toUpperCase());
      this.transport.loseConnection();
    }
  }
  const client = new Recorder();
  const closed = loopbackAsync(Upper, () => client, { chunkSize: 1 });
  client.transport.write("hi\r\n");
  await closed;
  assertEquals(client.events, ["made", "H", "I", "\r", "\n", "lost"]);
});

Deno.test("loopbackAsync() aborts the connection when its result is cancelled", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const closed = loopbackAsync(server, client);
  closed.addErrback(() => {});
  closed.cancel();
  for (let i = 0; i < 20; i++) await nextMacrotask();
  assertEquals([server.events, client.events], [["made", "lost"], ["made", "lost"]]);
});
