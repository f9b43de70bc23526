/** Errors of a port's protocols and factory, which a peer that finds one can cause at will. */

import { assert, assertEquals } from "@std/assert";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { listen, TestFactory } from "../../testing/fixtures/port_fixture.ts";
import { Protocol } from "../../protocol/protocol.ts";

class Throwing extends Protocol {
  override connectionMade(): never {
    throw new Error("planned");
  }
}

class ThrowingProtocols extends TestFactory {
  override buildProtocol(): Protocol {
    return new Throwing();
  }
}

class ThrowingFactory extends TestFactory {
  override buildProtocol(): never {
    throw new Error("planned");
  }
}

for (
  const [name, factory, line] of [
    ["protocols", new ThrowingProtocols(), "Error while calling makeConnection (and 89 more)"],
    ["factory", new ThrowingFactory(), "Error while calling buildProtocol for "],
  ] as const
) {
  Deno.test(`StreamPort logs ten errors a second of its ${name}, and the number of further ones`, () => {
    using logged = new LoggedErrors();
    const { acceptor, host, port } = listen({}, factory);
    for (let i = 0; i < 100; i++) {
      acceptor.connect();
      host.settle();
    }
    assertEquals(logged.take().length, 10);
    host.advance(1);
    const [event, ...others] = logged.takeEvents();
    assert(event?.message.startsWith(line) && event.message.endsWith(" (and 89 more)"));
    assertEquals(others, []);
    port.stopListening();
    host.settle();
    assertEquals(logged.take(), []);
  });
}

Deno.test("StreamPort logs the number of errors that it has not logged when it closes", () => {
  using logged = new LoggedErrors();
  const { acceptor, host, port } = listen({}, new ThrowingFactory());
  for (let i = 0; i < 12; i++) acceptor.connect();
  assertEquals(logged.take().length, 10);
  port.stopListening();
  acceptor.release();
  host.settle();
  assertEquals(logged.takeEvents().map(({ message }) => message.endsWith("(and 1 more)")), [true]);
});
