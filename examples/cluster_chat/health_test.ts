// Tests what a node reports to its balancers.

import { assertEquals } from "@std/assert";
import { Clock } from "@torsion/reactor";
import { IPv4Address } from "@torsion/reactor/reactor";
import { StringTransport } from "@torsion/reactor/testing";
import { Health } from "./health.ts";

/** Asks as a balancer on a host. Returns the answer, and a function that closes the connection. */
function ask(health: Health, host: string): [answer: string, close: () => void] {
  const protocol = health.buildProtocol(new IPv4Address("TCP", host, 50000));
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  return [
    new TextDecoder().decode(transport.value()),
    () => protocol.connectionLost(),
  ];
}

Deno.test("Health.leave() waits until each balancer has read that the node drains", () => {
  const health = new Health();
  const clock = new Clock();
  assertEquals(ask(health, "10.0.0.1")[0], "ready up\n");
  assertEquals(ask(health, "10.0.0.2")[0], "ready up\n");
  const left = health.leave(clock, 5);
  const [answer, close] = ask(health, "10.0.0.1");
  assertEquals(answer, "drain\n");
  close();
  assertEquals(left.called, false);
  ask(health, "10.0.0.2")[1]();
  assertEquals(left.called, true);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("Health.leave() stops waiting for a balancer that does not ask", () => {
  const health = new Health();
  const clock = new Clock();
  ask(health, "10.0.0.1");
  const left = health.leave(clock, 5);
  clock.advance(4);
  assertEquals(left.called, false);
  clock.advance(1);
  assertEquals(left.called, true);
});

Deno.test("Health.leave() does not wait without a balancer", () => {
  assertEquals(new Health().leave(new Clock(), 5).called, true);
});
