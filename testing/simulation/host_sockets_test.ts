import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CannotListenError } from "../../reactor/errors.ts";
import type { HostSockets } from "../../reactor/lifecycle/host_sockets.ts";
import { makeWorld, RawDial, RawListener } from "../fixtures/simulated_ends.ts";

/** Returns the code of the error with which a socket cannot be bound. */
function refusedWith(bind: () => unknown): string | undefined {
  return assertThrows(bind, CannotListenError).code;
}

function tcp(sockets: HostSockets, host: string, port: number): () => void {
  return () => void sockets.bindTCP(host, port, 10, {});
}

Deno.test("SimulatedSockets.bindTCP() chooses a free port from 49152 for the port 0", () => {
  const { sockets } = makeWorld().bob;
  const ports = [1, 2].map(() => sockets.bindTCP("0.0.0.0", 0, 10, {}).address.port);
  assertEquals(ports, [49152, 49153]);
});

Deno.test("SimulatedSockets.bindTCP() fails with EADDRINUSE where addresses overlap", () => {
  for (
    const [first, second, overlaps] of [
      ["0.0.0.0", "0.0.0.0", true],
      ["0.0.0.0", "127.0.0.1", true],
      ["10.0.0.2", "0.0.0.0", true],
      ["10.0.0.2", "127.0.0.1", false],
      ["::", "10.0.0.2", true],
      ["fd00::2", "0.0.0.0", false],
      ["fd00::2", "fd00:0::2", true],
      ["localhost", "127.0.0.1", true],
    ] as const
  ) {
    const { sockets } = makeWorld().bob;
    tcp(sockets, first, 80)();
    const bind = tcp(sockets, second, 80);
    if (overlaps) assertEquals(refusedWith(bind), "EADDRINUSE", `${first} and ${second}`);
    else bind();
  }
});

Deno.test("SimulatedSockets.bindTCP() fails with EADDRNOTAVAIL for an address of another host", () => {
  const { sockets } = makeWorld().bob;
  const error = assertThrows(tcp(sockets, "10.0.0.1", 80), CannotListenError);
  assertEquals(error.code, "EADDRNOTAVAIL");
  assertEquals(
    error.message,
    "Cannot listen on 10.0.0.1:80: the host bob has only the addresses 10.0.0.2, fd00::2",
  );
});

Deno.test("SimulatedSockets.bindTCP() on localhost is reached through 127.0.0.1 only", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("localhost", 80, 10, {}));
  assertEquals(String(listener.acceptor.address), "127.0.0.1:80");
  const local = new RawDial(bob.sockets.dialTCP("127.0.0.1", 80, {}));
  const remote = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  assertEquals([local.end !== null, remote.code], [true, "ECONNREFUSED"]);
});

Deno.test("SimulatedSockets.bindTCP() fails with EADDRINUSE when all ports are in use", () => {
  const { sockets } = makeWorld().bob;
  for (let i = 0; i < 16384; i++) new RawDial(sockets.dialTCP("10.0.0.1", 80, {}));
  const error = assertThrows(tcp(sockets, "0.0.0.0", 0), CannotListenError);
  assertEquals(error.code, "EADDRINUSE");
  assertStringIncludes(error.message, "all port numbers for temporary use are in use");
  tcp(sockets, "0.0.0.0", 49152)();
});

Deno.test("SimulatedSockets.bindTCP() and dials share the port numbers for temporary use", () => {
  const { network, alice, bob } = makeWorld();
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  const { port } = alice.sockets.bindTCP("0.0.0.0", 0, 10, {}).address;
  network.advance(1);
  assertEquals([String(dial.connected.driver.getHost()), port], ["10.0.0.1:49152", 49153]);
});

Deno.test("SimulatedSockets.bindUNIX() fails with EADDRINUSE, and replaces a stale file", () => {
  const { bob } = makeWorld();
  const bind = () => bob.sockets.bindUNIX("/run/x", 1, 0o666, false);
  bind();
  assertEquals(refusedWith(bind), "EADDRINUSE");
  bob.kill();
  bob.restart();
  bind();
});

Deno.test("SimulatedSockets.bindUNIX() is bound on one host only", () => {
  const { network, alice, bob } = makeWorld();
  for (const host of [alice, bob]) new RawListener(host.sockets.bindUNIX("/x", 1, 0o666, false));
  alice.kill();
  const dials = [alice, bob].map((host) => {
    host.restart();
    return new RawDial(host.sockets.dialUNIX("/x", false, host.reactor));
  });
  network.advance(1);
  assertEquals(dials.map(({ code }) => code), ["ECONNREFUSED", undefined]);
});

Deno.test("SimulatedSockets.bindUDP() fails with EADDRINUSE unless both sockets share the port", () => {
  const { sockets } = makeWorld().bob;
  sockets.bindUDP("0.0.0.0", 53, true);
  sockets.bindUDP("0.0.0.0", 53, true);
  assertEquals(refusedWith(() => sockets.bindUDP("0.0.0.0", 53, false)), "EADDRINUSE");
  sockets.bindUDP("10.0.0.2", 54, false);
  assertEquals(refusedWith(() => sockets.bindUDP("0.0.0.0", 54, true)), "EADDRINUSE");
  sockets.bindUDP("127.0.0.1", 54, false);
  tcp(sockets, "0.0.0.0", 53)();
});

Deno.test("SimulatedSockets.bindUDP() chooses a port of its own for 0, shared or not", () => {
  const { sockets } = makeWorld().bob;
  const ports = [true, true, false].map((shared) =>
    sockets.bindUDP("0.0.0.0", 0, shared).address.port
  );
  assertEquals(new Set(ports).size, 3);
});

Deno.test("SimulatedSockets of a process that has ended bind and dial nothing", () => {
  const { network, alice, bob } = makeWorld();
  const { sockets } = bob;
  new RawListener(alice.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  bob.kill();
  bob.restart();
  assertEquals(refusedWith(tcp(sockets, "0.0.0.0", 80)), "ESRCH");
  assertEquals(refusedWith(() => sockets.bindUDP("0.0.0.0", 80, false)), "ESRCH");
  assertEquals(refusedWith(() => sockets.bindUNIX("/x", 1, 0o666, false)), "ESRCH");
  const dial = new RawDial(sockets.dialTCP("10.0.0.1", 80, {}));
  network.advance(200);
  assertEquals([dial.end, dial.error, dial.isReleased], [null, null, false]);
});
