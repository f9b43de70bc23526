/**
 * Twisted's `internet/test/test_protocol.py`: `ProtocolTests` are here and `FactoryTests` in
 * `factory_test.ts`. `ClientCreatorTests` are replaced by those of endpoints
 * (`endpoints/tcp_test.ts`). `AdapterTests` and `FileWrapperTests` are about adapters that do not
 * exist here.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import {
  connectedServerAndClient,
  LoggedErrors,
  StringTransport,
  TestPeer,
} from "../testing/mod.ts";
import { Protocol } from "./mod.ts";

Deno.test("Protocol.makeConnection() sets the transport, and then calls connectionMade()", () => {
  const transport = new StringTransport();
  const seen: unknown[] = [];
  class Greeter extends Protocol {
    override connectionMade(): void {
      seen.push(this.transport, this.connected);
    }
  }
  const protocol = new Greeter();
  assert(!protocol.connected);
  protocol.makeConnection(transport);
  assertEquals(seen.length, 2);
  assertStrictEquals(seen[0], transport);
  assertEquals(seen[1], true);
});

Deno.test("Protocol.transport throws before the connection is made", () => {
  class Eager extends Protocol {}
  assertThrows(
    () => new Eager().transport,
    Error,
    "Cannot get the transport of Eager: its connection has not been made",
  );
});

Deno.test("Protocol.transport can be set without a connection, for wrappers and tests", () => {
  const protocol = new Protocol();
  const transport = new StringTransport();
  protocol.transport = transport;
  assertStrictEquals(protocol.transport, transport);
  assert(!protocol.connected);
});

Deno.test("Protocol is an IProtocol whose methods do nothing by default", () => {
  const protocol: IProtocol = new Protocol();
  protocol.makeConnection(new StringTransport());
  protocol.dataReceived(new Uint8Array(3));
  protocol.connectionLost(new Error("over"));
});

Deno.test("Protocol.logPrefix() is the name of the class", () => {
  class Chat extends Protocol {}
  assertEquals(new Chat().logPrefix(), "Chat");
});

Deno.test("Protocol.connected and transport are kept when the connection is lost", () => {
  const protocol = new Protocol();
  using pair = connectedServerAndClient(protocol, TestPeer);
  protocol.transport.abortConnection();
  pair.pump.flush();
  assertEquals(pair.serverReason?.name, "ConnectionAborted");
  assert(protocol.connected);
  assertEquals(String(protocol.transport.getPeer()), "192.0.2.2:2222");
});

Deno.test("Protocol.connectionMade() that rejects loses the connection with its error", async () => {
  using errors = new LoggedErrors();
  class Failing extends Protocol {
    // deno-lint-ignore require-await -- an async method that throws is what is tested
    override async connectionMade(): Promise<void> {
      throw new RangeError("boom");
    }
  }
  using pair = connectedServerAndClient(Failing, TestPeer);
  await pair.pump.pumpUntilIdle();
  assertEquals(pair.serverReason?.name, "RangeError");
  assertEquals(errors.take().map(String), ["RangeError: boom"]);
});
