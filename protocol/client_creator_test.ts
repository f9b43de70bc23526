// Twisted's internet/test/test_protocol.py, ClientCreatorTests.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CancelledError, type Deferred } from "../defer/mod.ts";
import { ConnectionRefusedError } from "../reactor/errors.ts";
import {
  assertNoResult,
  failureResultOf,
  type FakeTCPConnector,
  MemoryReactorClock,
  successResultOf,
} from "../testing/mod.ts";
import { ClientCreator, Protocol } from "./mod.ts";

class Greeter extends Protocol {
  readonly greeting: string;
  made = 0;

  constructor(greeting: string) {
    super();
    this.greeting = greeting;
  }

  override connectionMade(): void {
    this.made++;
  }
}

function attempt(): {
  reactor: MemoryReactorClock;
  result: Deferred<Greeter>;
  connector: FakeTCPConnector;
} {
  const reactor = new MemoryReactorClock();
  const creator = new ClientCreator(reactor, Greeter, "hello");
  const result = creator.connectTCP("example.org", 80, { timeout: 7 });
  const [connector] = reactor.tcpClients;
  assert(connector !== undefined);
  return { reactor, result, connector };
}

Deno.test("ClientCreator.connectTCP() fires with the protocol after connectionMade", () => {
  const { reactor, result, connector } = attempt();
  assertEquals([connector.host, connector.port, connector.options.timeout], ["example.org", 80, 7]);
  const connection = connector.succeed();
  assertNoResult(result);
  reactor.advance(0);
  const protocol = successResultOf(result);
  assertStrictEquals(protocol, connection.protocol);
  assertInstanceOf(protocol, Greeter);
  assertEquals([protocol.greeting, protocol.made], ["hello", 1]);
});

Deno.test("ClientCreator.connectTLS() and connectUNIX() connect with the reactor's methods", () => {
  const reactor = new MemoryReactorClock();
  const creator = new ClientCreator(reactor, Protocol);
  const results = [creator.connectTLS("example.org", 443), creator.connectUNIX("/run/x")];
  assertEquals(reactor.sslClients[0]?.port, 443);
  assertEquals(reactor.unixClients[0]?.path, "/run/x");
  for (const connector of reactor.connectors) connector.succeed();
  reactor.advance(0);
  for (const result of results) assertInstanceOf(successResultOf(result), Protocol);
});

Deno.test("ClientCreator.connectTCP() fails with the reason of the attempt", () => {
  const { reactor, result, connector } = attempt();
  const reason = new ConnectionRefusedError("refused");
  connector.fail(reason);
  assertNoResult(result);
  reactor.advance(0);
  assertStrictEquals(failureResultOf(result), reason);
});

Deno.test("ClientCreator.connectTCP() can be cancelled during the attempt", () => {
  const { reactor, result, connector } = attempt();
  result.cancel();
  failureResultOf(result, CancelledError);
  assertEquals(connector.state, "disconnected");
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("ClientCreator.connectTCP() can be cancelled before its result is delivered", () => {
  for (const end of ["succeed", "fail"] as const) {
    const { reactor, result, connector } = attempt();
    if (end === "succeed") connector.succeed();
    else connector.fail(new ConnectionRefusedError("refused"));
    result.cancel();
    failureResultOf(result, CancelledError);
    assertEquals(reactor.getDelayedCalls(), [], end);
  }
});
