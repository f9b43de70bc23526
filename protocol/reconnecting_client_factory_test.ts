// Twisted's test/test_factories.py, ReconnectingFactoryTests, without pickling.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConnectionLost, ConnectionRefusedError } from "../reactor/errors.ts";
import { Clock } from "../task/mod.ts";
import { FakeTCPConnector, MemoryReactorClock } from "../testing/mod.ts";
import { Protocol, ReconnectingClientFactory } from "./mod.ts";

class Client extends Protocol {
  readonly isClient = true;
}

class TestFactory extends ReconnectingClientFactory<Client> {
  override protocol = Client;
  override jitter = 0;
  override noisy = false;
}

function connected(factory: ReconnectingClientFactory = new TestFactory()): {
  reactor: MemoryReactorClock;
  factory: ReconnectingClientFactory;
  connector: FakeTCPConnector;
} {
  const reactor = new MemoryReactorClock();
  reactor.connectTCP("example.org", 4000, factory);
  const [connector] = reactor.tcpClients;
  assert(connector !== undefined);
  return { reactor, factory, connector };
}

Deno.test("ReconnectingClientFactory connects again after delays that grow by its factor", () => {
  const { reactor, factory, connector } = connected();
  factory.factor = 2;
  for (const delay of [2, 4, 8]) {
    const { attempts } = connector;
    connector.fail(new ConnectionRefusedError("refused"));
    assertEquals(factory.delay, delay);
    reactor.advance(delay - 0.001);
    assertEquals(connector.attempts, attempts);
    reactor.advance(0.001);
    assertEquals(connector.attempts, attempts + 1);
  }
  assertEquals(factory.retries, 3);
});

Deno.test("ReconnectingClientFactory connects again after a lost connection", () => {
  const { reactor, factory, connector } = connected();
  const connection = connector.succeed();
  factory.resetDelay();
  connection.lose();
  reactor.advance(Math.E);
  assertEquals(connector.attempts, 2);
});

Deno.test("ReconnectingClientFactory.maxDelay limits the delay", () => {
  const { factory, connector } = connected();
  factory.maxDelay = 1.5;
  connector.fail(new ConnectionRefusedError("refused"));
  assertEquals(factory.delay, 1.5);
});

Deno.test("ReconnectingClientFactory.maxRetries limits the attempts in a row", () => {
  const { reactor, factory, connector } = connected();
  factory.maxRetries = 2;
  for (let i = 0; i < 3; i++) {
    connector.fail(new ConnectionRefusedError("refused"));
    reactor.advance(3600);
    if (connector.state !== "connecting") break;
  }
  assertEquals(connector.attempts, 3);
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("ReconnectingClientFactory.resetDelay() resets the delay and the retries", () => {
  const { factory, connector } = connected();
  connector.fail(new ConnectionRefusedError("refused"));
  factory.resetDelay();
  assertEquals([factory.delay, factory.retries, factory.continueTrying], [null, 0, true]);
});

Deno.test("ReconnectingClientFactory.stopTrying() cancels the scheduled attempt", () => {
  const { reactor, factory, connector } = connected();
  connector.fail(new ConnectionRefusedError("refused"));
  factory.stopTrying();
  assertEquals(reactor.getDelayedCalls(), []);
  assertEquals(connector.attempts, 1);
});

Deno.test("ReconnectingClientFactory.stopTrying() cancels the attempt in progress", () => {
  const { reactor, factory, connector } = connected();
  connector.fail(new ConnectionRefusedError("refused"));
  reactor.advance(3);
  assertEquals(connector.state, "connecting");
  factory.stopTrying();
  assertEquals(connector.state, "disconnected");
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("ReconnectingClientFactory.clock takes precedence over the reactor", () => {
  const { reactor, factory, connector } = connected();
  const clock = new Clock();
  factory.clock = clock;
  connector.fail(new ConnectionRefusedError("refused"));
  assertEquals([reactor.getDelayedCalls().length, clock.getDelayedCalls().length], [0, 1]);
});

Deno.test("ReconnectingClientFactory.jitter spreads the delays by a normal distribution", () => {
  const delays = Array.from({ length: 500 }, () => {
    const { factory, connector } = connected();
    factory.jitter = 0.1;
    factory.factor = 10;
    connector.fail(new ConnectionRefusedError("refused"));
    return factory.delay ?? 0;
  });
  const mean = delays.reduce((sum, delay) => sum + delay) / delays.length;
  // The mean of 500 delays deviates by more than 0.5 less often than once in 10 ** 20 runs.
  assert(Math.abs(mean - 10) < 0.5, `${mean}`);
  assert(new Set(delays).size > 1);
});

Deno.test("ReconnectingClientFactory.retry() leaves a connector that is connecting alone", () => {
  const { reactor, connector } = connected();
  connector.fail(new ConnectionRefusedError("refused"));
  connector.connect();
  reactor.advance(3);
  assertEquals(connector.attempts, 2);
});

Deno.test("ReconnectingClientFactory.retry() without a connector or a clock names the class", () => {
  const factory = new TestFactory();
  assertThrows(() => factory.retry(), Error, "Cannot retry a connection of TestFactory");
  const connector = new FakeTCPConnector("192.0.2.1", 80, factory, {}, false);
  assertThrows(
    () => factory.clientConnectionLost(connector, new ConnectionLost()),
    Error,
    "Cannot connect again to 192.0.2.1:80: the connector has no clock",
  );
});

Deno.test("ReconnectingClientFactory refuses a setting that is not a number", () => {
  const factory = new TestFactory();
  factory.initialDelay = NaN;
  assertThrows(
    () => factory.retry(new MemoryReactorClock().connectTCP("a.example", 1, factory)),
    RangeError,
    "TestFactory.initialDelay",
  );
});
