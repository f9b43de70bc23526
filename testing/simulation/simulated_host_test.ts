/**
 * Simulated hosts: programs, crashes, restarts, pauses, signals, clocks.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { TCP4ClientEndpoint, wrapClientTLS } from "../../endpoints/mod.ts";
import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import { RawListener } from "../fixtures/simulated_ends.ts";
import type { HostProgram, SimulatedHost } from "./simulated_host.ts";
import { SimulatedNetwork } from "./simulated_network.ts";

function makeHost(
  program: HostProgram | null = null,
  script: readonly string[] = [],
): [SimulatedNetwork, SimulatedHost] {
  const network = new SimulatedNetwork({ script, trace: true });
  return [network, network.addHost("host", program)];
}

Deno.test("SimulatedHost starts its program in the next event, and again after each restart", () => {
  const reactors = new Set<unknown>();
  const [network, host] = makeHost(({ reactor }) => void reactors.add(reactor));
  assertEquals([reactors.size, host.reactor.running], [0, true]);
  network.advance(0);
  for (const end of ["crash", "kill"] as const) {
    host[end]();
    network.advance(1);
    assertEquals(host.isUp, false);
    host.restart();
    network.advance(0);
  }
  assertEquals([reactors.size, host.isUp, reactors.has(host.reactor)], [3, true, true]);
});

Deno.test("SimulatedHost.disk and random survive a crash, timed calls do not", () => {
  const [network, host] = makeHost();
  host.disk.set("votes", 3);
  const calls: string[] = [];
  host.reactor.callLater(5, () => calls.push("before"));
  const first = host.random.uint32();
  host.crash();
  host.restart();
  host.reactor.callLater(5, () => calls.push("after"));
  network.advance(10);
  assertEquals([host.disk.get("votes"), calls], [3, ["after"]]);
  assert(host.random.uint32() !== first);
});

Deno.test("SimulatedHost.crash(), kill(), restart() and pause() do nothing twice", () => {
  const [network, host] = makeHost();
  const { reactor } = host;
  host.restart();
  host.resume();
  assertStrictEquals(host.reactor, reactor);
  host.crash();
  host.crash();
  host.kill();
  host.pause();
  host.resume();
  host.restart();
  host.restart();
  network.advance(1);
  const lines = String(network.trace).trim().split("\n").map((line) => line.trim());
  assertEquals(lines, ["0 host: crashes", "0 host: restarts"]);
});

Deno.test("SimulatedHost.pause() lets the clock run, and timed calls oversleep", () => {
  const [network, host] = makeHost();
  const calls: string[] = [];
  for (const delay of [1, 2, 6]) {
    host.reactor.callLater(delay, () => calls.push(`${delay} at ${host.reactor.seconds()}`));
  }
  host.pause();
  network.advance(5);
  assertEquals([calls, host.isUp], [[], true]);
  host.resume();
  network.advance(5);
  assertEquals(calls, ["1 at 5", "2 at 5", "6 at 6"]);
});

Deno.test("SimulatedHost.stopped resolves when the reactor has stopped, never after a crash", async () => {
  const network = new SimulatedNetwork();
  const [stopped, crashed] = [network.addHost("stopped"), network.addHost("crashed")];
  const events: string[] = [];
  for (const host of [stopped, crashed]) host.stopped.then(() => events.push(host.name));
  network.callLater(1, () => stopped.reactor.stop());
  network.callLater(1, () => crashed.crash());
  await network.runUntil(network.sleep(5));
  assertEquals(events, ["stopped"]);
});

Deno.test("SimulatedHost.signal() calls the handler, or does what the system does", () => {
  const [network, host] = makeHost();
  const received: string[] = [];
  host.reactor.addSignalHandler("SIGHUP", () => void received.push("SIGHUP"));
  host.signal("SIGHUP");
  host.signal("SIGWINCH");
  host.signal("SIGSTOP");
  host.reactor.callLater(1, () => received.push(`call at ${network.seconds()}`));
  network.advance(3);
  host.signal("SIGCONT");
  network.advance(1);
  assertEquals([received, host.isUp], [["SIGHUP", "call at 3"], true]);
  host.signal("SIGUSR1");
  assertEquals(host.isUp, false);
  host.signal("SIGHUP");
  host.restart();
  host.signal("SIGTERM");
  network.advance(1);
  assertEquals([host.isUp, host.reactor.running], [true, false]);
  host.signal("SIGKILL");
  assertEquals([host.isUp, received.length], [false, 2]);
  // @ts-expect-error: the error for a value of another type is tested
  assertThrows(() => host.signal(15), TypeError, "signal() signal must be a string, got 15");
});

Deno.test("SimulatedHost.now() and its reactor show the error of the host's clock", () => {
  const [network, host] = makeHost(null, ["skew host 30 s 100 ppm"]);
  assertEquals(host.now() - network.now(), 30_000);
  network.advance(10_000);
  assertEquals(network.now(), Date.UTC(2020, 0, 1, 2, 46, 40));
  assertEquals([host.now() - network.now(), host.reactor.seconds()], [31_000, 10_001]);
});

Deno.test("SimulatedHost.reactor makes a call of callLater() exactly at its time", () => {
  const [network, host] = makeHost();
  const times: number[] = [];
  for (const delay of [0, 0.000001, 0.07, 0.1, 1.1, 3600.000001]) {
    host.reactor.callLater(delay, () => times.push(network.seconds()));
  }
  network.advance(4000);
  assertEquals(times, [0, 0.000001, 0.07, 0.1, 1.1, 3600.000001]);
});

Deno.test("SimulatedHost.reactor makes calls for the same time in their order", () => {
  const [network, host] = makeHost();
  const calls: string[] = [];
  network.advance(0.1);
  host.reactor.callLater(0.2, () => calls.push("a"));
  network.advance(0.1);
  host.reactor.callLater(0.1, () => calls.push("b"));
  host.reactor.callLater(0.1, () => host.reactor.callLater(0, () => calls.push("c")));
  network.advance(0.1);
  assertEquals(calls, ["a", "b", "c"]);
});

Deno.test("SimulatedHost.reactor leaves a call that is centuries away pending", () => {
  const [network, host] = makeHost();
  host.reactor.callLater(1e300, () => {});
  assertEquals(network.nextDue(), undefined);
  assertThrows(() => host.reactor.callLater(Infinity, () => {}), RangeError, "got Infinity");
});

Deno.test("SimulatedHost.note() and toString() name the host", () => {
  const [network, host] = makeHost();
  host.note("hello");
  assertEquals([String(host), String(network.trace).trim()], ["host", "0 host: hello"]);
});

Deno.test("SimulatedHost.reactor supports keep-alive by option and by setTcpKeepAlive(), over TLS too", async () => {
  const network = new SimulatedNetwork();
  const lost: string[] = [];
  class Idle extends Protocol {
    override connectionMade(): void {
      if (!this.transport.getTcpKeepAlive()) this.transport.setTcpKeepAlive(true, 20);
    }

    override connectionLost(reason: Error): void {
      lost.push(
        `${this.transport.getHost()} at ${Math.floor(network.seconds())}: ${reason.message}`,
      );
    }
  }
  const tls = { cert: "cert", key: "key" };
  network.addHost("server", ({ reactor }) => {
    reactor.listenTCP(80, Factory.forProtocol(Idle), { keepAlive: 60 });
    reactor.listenTLS(443, Factory.forProtocol(Idle), tls);
  });
  const { reactor } = network.addHost("client");
  network.callLater(1, () => {
    const plain = new TCP4ClientEndpoint(reactor, "10.0.0.1", 80);
    const secure = new TCP4ClientEndpoint(reactor, "10.0.0.1", 443);
    plain.connect(Factory.forProtocol(Protocol));
    wrapClientTLS({}, secure).connect(Factory.forProtocol(Protocol));
  });
  network.callLater(10, () => network.partition(["server"]));
  await network.runUntil(network.sleep(2000));
  assertEquals(lost, [
    "10.0.0.1:443 at 696: Connection to 10.0.0.2:49153 was lost: connection timed out",
    "10.0.0.1:80 at 736: Connection to 10.0.0.2:49152 was lost: connection timed out",
  ]);
});

Deno.test("SimulatedHost.restart() gives the TLS of each process its own random numbers", () => {
  const network = new SimulatedNetwork();
  const listener = new RawListener(
    network.addHost("server").sockets.bindTCP("0.0.0.0", 443, 9, {}),
  );
  const client = network.addHost("client", ({ reactor }) => {
    reactor.connectTLS("server", 443, ClientFactory.forProtocol(Protocol), {});
  });
  network.advance(1);
  client.crash();
  client.restart();
  network.advance(1);
  const [first, second] = listener.ends.map(({ bytes }) => bytes.length);
  assert(first !== undefined && first > 0 && second !== undefined && second > 0);
  assertNotEquals(first, second);
});

Deno.test("SimulatedHost.jumpClock() moves the wall clock, and not the reactor's", () => {
  const [network, host] = makeHost();
  network.advance(10);
  const before = host.now();
  host.jumpClock(-5.5);
  assertEquals([host.now() - before, host.reactor.seconds()], [-5500, 10]);
  assertThrows(
    () => host.jumpClock(NaN),
    RangeError,
    "jumpClock() seconds must be a finite number",
  );
});
