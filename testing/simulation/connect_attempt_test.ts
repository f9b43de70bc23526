/**
 * Simulated connection attempts: success, refusal, silence, retries and cancellation.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import {
  BadFileError,
  ConnectError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NoRouteError,
} from "../../reactor/errors.ts";
import { connectWorld, makeWorld, RawDial, RawListener } from "../fixtures/simulated_ends.ts";

/** The time after which Linux gives up an attempt without an answer, in seconds. */
const GIVE_UP = 127;

Deno.test("ConnectAttempt connects after a round trip, and the server accepts half of one later", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(0.001999);
  assertEquals([dial.end, listener.ends.length], [null, 0]);
  network.advance(0.000001);
  assertEquals([dial.end !== null, dial.isReleased, listener.ends.length], [true, true, 0]);
  network.advance(0.001);
  assertEquals(listener.ends.length, 1);
  const { client, server } = connectWorld();
  assertEquals(String(client.driver.getPeer()), "10.0.0.2:80");
  assertEquals(String(client.driver.getHost()), String(server.driver.getPeer()));
  assertEquals(String(server.driver.getHost()), "10.0.0.2:80");
});

Deno.test("ConnectAttempt to a port without a listener is refused after a round trip", () => {
  const { network, alice } = makeWorld();
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(0.002);
  assertInstanceOf(dial.error, ConnectionRefusedError);
  assertEquals([dial.code, dial.isReleased], ["ECONNREFUSED", true]);
  assertEquals(dial.error.message, "Cannot connect to 10.0.0.2:80: connection refused");
  assertEquals(dial.error.address, "10.0.0.2:80");
});

Deno.test("ConnectAttempt to a process that was killed is refused, and connects after a restart", () => {
  const { network, alice, bob } = makeWorld();
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  bob.kill();
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  assertEquals(dial.code, "ECONNREFUSED");
  bob.restart();
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const again = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  assert(again.end !== null);
});

Deno.test("ConnectAttempt to a crashed host times out after 127 seconds", () => {
  const { network, alice, bob } = makeWorld();
  bob.crash();
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(GIVE_UP - 0.001);
  assertEquals(dial.error, null);
  network.advance(0.001);
  assertInstanceOf(dial.error, ConnectTimeoutError);
  assertEquals([dial.code, dial.isReleased], ["ETIMEDOUT", true]);
});

Deno.test("ConnectAttempt to a crashed host is refused at the first retry after a restart", () => {
  const { network, alice, bob } = makeWorld();
  bob.crash();
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(2);
  bob.restart();
  network.advance(0.9);
  assertEquals(dial.error, null);
  network.advance(0.2); // the retry after 3 seconds
  assertEquals(dial.code, "ECONNREFUSED");
});

Deno.test("ConnectAttempt to an address without a host fails, as does one of another family", () => {
  const { network, alice } = makeWorld();
  const nowhere = new RawDial(alice.sockets.dialTCP("192.0.2.1", 80, {}));
  const old = network.addHost("old", null, { addresses: ["192.0.2.7"] });
  const other = new RawDial(old.sockets.dialTCP("fd00::1", 80, {}));
  assertEquals([nowhere.error, other.error], [null, null]);
  network.advance(0);
  assertInstanceOf(nowhere.error, NoRouteError);
  assertInstanceOf(other.error, NoRouteError);
  assertEquals([nowhere.code, other.code], ["EHOSTUNREACH", "ENETUNREACH"]);
});

Deno.test("ConnectAttempt retries across a partition of either direction", () => {
  for (const [from, to] of [["alice", "bob"], ["bob", "alice"]] as const) {
    const { network, alice, bob } = makeWorld();
    const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
    const partition = network.partitionOneWay([from], [to]);
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(2.5);
    partition[Symbol.dispose]();
    network.advance(0.4);
    assertEquals([dial.end, listener.ends.length], [null, 0]);
    network.advance(0.2);
    assertEquals([dial.end !== null, listener.ends.length], [true, 1]);
  }
});

Deno.test("ConnectAttempt whose packets are repeated makes one connection", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  network.setLink("bob", "alice", { latency: 10 });
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(100);
  assertEquals([dial.end !== null, listener.ends.length], [true, 1]);
});

Deno.test("ConnectAttempt.cancel() leaves no connection at the server, at any time", () => {
  for (const time of [0, 0.0005, 0.0015]) {
    const { network, alice, bob } = makeWorld();
    const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(time);
    dial.cancel();
    dial.cancel();
    network.advance(200);
    assertEquals([dial.end, dial.error, dial.isReleased], [null, null, true]);
    assertEquals([listener.ends.length, network.nextDue()], [0, undefined]);
  }
});

Deno.test("ConnectAttempt.cancel() after the connection is open does nothing", () => {
  const { network, alice, bob } = makeWorld();
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  dial.cancel();
  network.advance(1);
  assertEquals(dial.connected.events, []);
});

Deno.test("ConnectAttempt waits while the backlog is full, and connects when there is room", () => {
  const { network, alice, bob } = makeWorld();
  const acceptor = bob.sockets.bindTCP("0.0.0.0", 80, 1, {});
  const listener = new RawListener(acceptor, { accepts: false });
  const dials = Array.from({ length: 2 }, () => {
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(0.1);
    return dial;
  });
  assert(dials.every(({ end }) => end !== null));
  const late = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(20);
  assertEquals(late.end, null);
  listener.accept();
  network.advance(20);
  assertEquals([late.end !== null, listener.ends.length], [true, 1]);
});

Deno.test("ConnectAttempt that overflows the backlog together with others is accepted later", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}), { accepts: false });
  const dials = Array.from(
    { length: 10 },
    () => new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {})),
  );
  network.advance(0.01);
  // Every client has an answer to its first packet, but only two are in the queue.
  for (const [index, dial] of dials.entries()) dial.connected.write(String(index));
  listener.isAccepting = true;
  listener.accept();
  network.advance(60);
  assertEquals(listener.ends.map(({ text }) => text).toSorted(), [..."0123456789"]);
});

Deno.test("ConnectAttempt is reset when the listener closes before it accepts", () => {
  const { network, alice, bob } = makeWorld();
  const acceptor = bob.sockets.bindTCP("0.0.0.0", 80, 1, {});
  new RawListener(acceptor, { accepts: false });
  const [queued, handshaking] = [0, 0.0985].map((time) => {
    network.advance(time);
    return new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  });
  network.advance(0.0025);
  acceptor.close();
  network.advance(1);
  for (const dial of [queued, handshaking]) {
    assertEquals(dial?.connected.events, ["failed read ECONNRESET"]);
  }
});

Deno.test("ConnectAttempt is reset when the server crashes or restarts within the handshake", () => {
  for (const end of ["crash", "kill"] as const) {
    const { network, alice, bob } = makeWorld();
    new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(0.0015);
    bob[end]();
    bob.restart();
    const second = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
    network.advance(1);
    assertEquals(dial.connected.events, ["failed read ECONNRESET"]);
    assertEquals(second.ends.length, 0);
  }
});

Deno.test("ConnectAttempt of a process that crashes does nothing more", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(0.0015);
  alice.crash();
  network.advance(200);
  dial.cancel();
  assertEquals([dial.end, dial.error, dial.isReleased, listener.ends.length], [
    null,
    null,
    false,
    0,
  ]);
});

Deno.test("ConnectAttempt of a paused process completes when the process resumes", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  alice.pause();
  network.advance(30);
  assertEquals([dial.end, listener.ends.length], [null, 0]);
  alice.resume();
  network.advance(1);
  assertEquals([dial.end !== null, listener.ends.length], [true, 1]);
});

Deno.test("ConnectAttempt of a refuse fault is refused, and the next one succeeds", () => {
  const { network, alice, bob } = makeWorld({ faults: ["refuse alice->bob #1"] });
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
  const [first, second] = [1, 2].map(() => new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {})));
  network.advance(1);
  assertEquals([first?.code, second?.end !== null], ["ECONNREFUSED", true]);
});

Deno.test("ConnectAttempt of an ignore fault times out after 127 seconds, or is cancelled", () => {
  const faults = ["ignore alice->bob #1", "ignore alice->bob #2"];
  const { network, alice, bob } = makeWorld({ faults });
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
  const [first, second] = [1, 2].map(() => new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {})));
  network.advance(30);
  second?.cancel();
  network.advance(GIVE_UP - 30);
  assertEquals([first?.code, second?.isReleased, second?.error], ["ETIMEDOUT", true, null]);
});

Deno.test("ConnectAttempt from a given local end uses it, once at a time", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
  const connect = (bindAddress: string | [string, number]) => {
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, { bindAddress }));
    network.advance(1);
    return dial;
  };
  const first = connect(["10.0.0.1", 999]);
  assertEquals(String(listener.ends[0]?.driver.getPeer()), "10.0.0.1:999");
  assertEquals(connect(["10.0.0.1", 999]).code, "EADDRINUSE");
  first.connected.driver.close();
  assert(connect(["10.0.0.1", 999]).end !== null);
  assert(connect("0.0.0.0").end !== null);
  assertEquals(connect("192.0.2.1").code, "EADDRNOTAVAIL");
  assertEquals(connect("fd00::1").code, "EADDRNOTAVAIL");
});

Deno.test("ConnectAttempt fails when all local ports are in use, and works after a close", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 20_000, {}));
  const dial = () => new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  const dials = Array.from({ length: 16384 }, dial);
  network.advance(1);
  const last = dial();
  network.advance(1);
  assertInstanceOf(last.error, ConnectError);
  assertEquals([last.code, listener.ends.length], ["EADDRNOTAVAIL", 16384]);
  dials[100]?.connected.driver.close();
  const again = dial();
  network.advance(1);
  assertEquals(String(again.connected.driver.getHost()), "10.0.0.1:49252");
});

Deno.test("ConnectAttempt to localhost, to a wildcard and to an own address reaches its own host", () => {
  const { network, alice } = makeWorld();
  new RawListener(alice.sockets.bindTCP("::", 80, 10, {}));
  const peers = ["127.0.0.1", "0.0.0.0", "::1", "::", "10.0.0.1", "fd00::1", "::ffff:127.0.0.1"]
    .map(
      (host) => {
        const dial = new RawDial(alice.sockets.dialTCP(host, 80, {}));
        network.advance(0.001);
        const { driver } = dial.connected;
        return `${driver.getPeer()} from ${driver.getHost()}`.replaceAll(/:\d+(?= |$)/g, "");
      },
    );
  assertEquals(peers, [
    "127.0.0.1 from 127.0.0.1",
    "127.0.0.1 from 127.0.0.1",
    "[::1] from [::1]",
    "[::1] from [::1]",
    "10.0.0.1 from 10.0.0.1",
    "[fd00::1] from [fd00::1]",
    "127.0.0.1 from 127.0.0.1",
  ]);
});

Deno.test("ConnectAttempt to another spelling of an IPv6 address reaches its host", () => {
  const { network, alice, bob } = makeWorld();
  new RawListener(bob.sockets.bindTCP("fd00:0::2", 80, 10, {}));
  const dial = new RawDial(alice.sockets.dialTCP("FD00::0002", 80, {}));
  network.advance(1);
  assert(dial.end !== null);
});

Deno.test("ConnectAttempt to a UNIX socket fails with the codes of the system", () => {
  const { network, alice } = makeWorld();
  const connect = (path: string, checkPID = false) => {
    const dial = new RawDial(alice.sockets.dialUNIX(path, checkPID, alice.reactor));
    network.advance(0.001);
    return dial;
  };
  assertEquals(connect("/run/x").code, "ENOENT");
  assertEquals(connect("\0abstract").code, "ECONNREFUSED");
  alice.leaveStaleSocket("/run/old");
  assertEquals(connect("/run/old").code, "ECONNREFUSED");
  const acceptor = alice.sockets.bindUNIX("/run/x", 1, 0o666, false);
  new RawListener(acceptor);
  assert(connect("/run/x").end !== null);
  const unlocked = connect("/run/x", true);
  assertInstanceOf(unlocked.error, BadFileError);
  assertStringIncludes(unlocked.error.message, "no process holds the lock /run/x.lock");
  acceptor.close();
  assertEquals(connect("/run/x").code, "ENOENT");
  new RawListener(alice.sockets.bindUNIX("/run/x", 1, 0o666, true));
  assert(connect("/run/x", true).end !== null);
});

Deno.test("ConnectAttempt to a UNIX socket with a full queue waits without a limit", () => {
  const { network, alice } = makeWorld();
  const acceptor = alice.sockets.bindUNIX("/run/x", 1, 0o666, false);
  const listener = new RawListener(acceptor, { accepts: false });
  const dials = Array.from({ length: 3 }, () => {
    const dial = new RawDial(alice.sockets.dialUNIX("/run/x", false, alice.reactor));
    network.advance(0.001);
    return dial;
  });
  network.advance(1000);
  assertEquals(dials.map(({ end }) => end !== null), [true, true, false]);
  listener.accept();
  network.advance(1);
  assert(dials.every(({ end }) => end !== null));
});

Deno.test("ConnectAttempt writes its outcome to the trace", () => {
  const { network, alice, bob } = makeWorld({ trace: true, faults: ["refuse alice->bob #2"] });
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 1, {}));
  for (let i = 0; i < 2; i++) {
    new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(0.5);
  }
  const lines = String(network.trace).split("\n").filter((line) => line.includes("alice: "))
    .map((line) => line.trim());
  assertEquals(lines.filter((line) => !line.includes("handshake")), [
    "0 alice: connects to bob:80",
    "0.002 alice: is connected to bob:80",
    "0.5 alice: connects to bob:80",
    "0.5 alice: fault: refuse alice->bob #2",
    "0.502 alice: Cannot connect to bob:80: connection refused",
  ]);
});
