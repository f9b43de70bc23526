/**
 * Twisted's `internet/test/test_protocol.py`: `ProtocolTests` are here and `FactoryTests` in
 * `factory_test.ts`. `ClientCreatorTests` are replaced by those of endpoints
 * (`endpoints/tcp_test.ts`). `AdapterTests` and `FileWrapperTests` are about adapters that do not
 * exist here.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { connect } from "../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../testing/logged_errors.ts";
import type { IProtocol, ITransport } from "../reactor/interfaces/mod.ts";
import { Protocol } from "./mod.ts";

/** A real transport. */
function someTransport(): ITransport {
  return connect().connection;
}

Deno.test("Protocol.makeConnection() sets the transport, and then calls connectionMade()", () => {
  const transport = someTransport();
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
  const transport = someTransport();
  protocol.transport = transport;
  assertStrictEquals(protocol.transport, transport);
  assert(!protocol.connected);
});

Deno.test("Protocol is an IProtocol whose methods do nothing by default", () => {
  const protocol: IProtocol = new Protocol();
  protocol.makeConnection(someTransport());
  protocol.dataReceived(new Uint8Array(3));
  protocol.connectionLost(new Error("over"));
});

Deno.test("Protocol.logPrefix() is the name of the class", () => {
  class Chat extends Protocol {}
  assertEquals(new Chat().logPrefix(), "Chat");
});

Deno.test("Protocol.connected and transport are kept when the connection is lost", () => {
  const protocol = new Protocol();
  using fixture = connect({ connectionLost: (_, reason) => protocol.connectionLost(reason) });
  protocol.makeConnection(fixture.connection);
  fixture.connection.abortConnection();
  fixture.host.settle();
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
  const failing = new Failing();
  using fixture = connect({ connectionMade: ({ transport }) => failing.makeConnection(transport) });
  for (let i = 0; i < 5; i++) await null;
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost RangeError"]);
  assertEquals(errors.take().map(String), ["RangeError: boom"]);
});
