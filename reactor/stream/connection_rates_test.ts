import { assert, assertEquals } from "@std/assert";
import { RateLimit } from "../../internal/rate_limit.ts";
import { listen } from "../../testing/fixtures/port_fixture.ts";
import { Clock } from "../../task/mod.ts";
import { ConnectionRates } from "./connection_rates.ts";

Deno.test("connectionRate pauses accepting until a further connection is within the limit", () => {
  const { factory, acceptor, host, port } = listen({ connectionRate: 2 });
  assert(acceptor.connect() !== null && acceptor.connect() !== null);
  assertEquals([acceptor.connect(), acceptor.isAccepting], [null, false]);
  host.advance(0.4);
  assert(!acceptor.isAccepting);
  host.advance(0.1);
  assert(acceptor.connect() !== null);
  assertEquals([acceptor.isAccepting, factory.built.length, port.stats.refused], [false, 3, 0]);
  host.advance(100);
  assert(acceptor.connect() !== null && acceptor.connect() !== null);
  assert(!acceptor.isAccepting);
});

Deno.test('connectionRate refuses connections with overflow: "refuse"', () => {
  const { acceptor, host, port } = listen({ connectionRate: 1, overflow: "refuse" });
  assertEquals(acceptor.connect()?.end, "");
  assertEquals(acceptor.connect()?.end, "ECONNRESET");
  host.advance(1);
  assertEquals(acceptor.connect()?.end, "");
  assertEquals(port.stats.refused, 1);
});

Deno.test("connectionRatePerHost refuses further connections of the same host only", () => {
  const { acceptor, host, port } = listen({ connectionRatePerHost: 0.5 });
  assertEquals(acceptor.connect("192.0.2.1")?.end, "");
  assertEquals(acceptor.connect("192.0.2.1")?.end, "ECONNRESET");
  assertEquals(acceptor.connect("192.0.2.2")?.end, "");
  // Connections that were refused do not count.
  host.advance(2);
  assertEquals(acceptor.connect("192.0.2.1")?.end, "");
  assertEquals([port.stats.accepted, port.stats.refused], [4, 1]);
});

Deno.test("connectionRate leaves no timed call when the port stops", () => {
  const { acceptor, host, port } = listen({ connectionRate: 1 });
  acceptor.connect()?.driver.close();
  host.settle();
  assertEquals(host.reactor.getDelayedCalls().length, 1);
  port.stopListening();
  assertEquals(host.reactor.getDelayedCalls(), []);
  acceptor.release();
  host.advance(10);
  assert(!acceptor.isAccepting);
});

Deno.test("ConnectionRates forgets hosts without recent connections", () => {
  const clock = new Clock();
  const rates = new ConnectionRates({ connectionRate: Infinity, connectionRatePerHost: 1 }, clock);
  for (let second = 0; second < 100; second++) {
    for (let i = 0; i < 100; i++) rates.enter(`10.0.${second}.${i}`);
    clock.advance(1);
  }
  // At most the hosts of two seconds are kept, until their number has doubled.
  assert(rates.hostCount <= 400, `${rates.hostCount} hosts`);
  assertEquals(rates.reasonToRefuse("10.0.1.1"), null);
  rates.enter("10.0.1.1");
  assertEquals(
    rates.reasonToRefuse("10.0.1.1"),
    {
      reason: "connectionRatePerHost",
      text: "its host has reached the limit of 1 connections per second",
    },
  );
});

Deno.test("RateLimit allows the burst at once, and then the rate on average", () => {
  const limit = new RateLimit(10, 5);
  let now = 0;
  let count = 0;
  for (; now < 10; now += 0.01) {
    if (limit.wait(now) > 0) continue;
    limit.take(now);
    count++;
  }
  assert(Math.abs(count - 105) <= 1, `${count} events`);
  const other = new RateLimit(10, 5);
  other.take(100, 25);
  assertEquals([other.wait(100, 0), other.isIdle(102), other.isIdle(102.5)], [2, false, true]);
});
