// Tests of describe() and stats() on the reactors in memory, whose clock the test moves.

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { setDebugging } from "../../defer/mod.ts";
import { addObserver } from "../../log/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { ClientFactory, DatagramProtocol, Factory } from "../../protocol/mod.ts";
import { Echo } from "../../protocol/wire/mod.ts";
import { InMemoryReactor, runningReactor, TestPeer } from "../../testing/mod.ts";
import { Clock } from "../../task/mod.ts";
import { DenoReactor } from "../drivers/deno/reactor.ts";
import { describeReactor } from "./description.ts";
import { LoopMeter } from "./loop_meter.ts";
import { noRefusals } from "./refusals.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";

Deno.test("ReactorBase.describe() and stats() count the bytes of open and closed connections", async () => {
  await using reactor = runningReactor();
  const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
  const peer = await connectProtocol(endpoint, new TestPeer());
  peer.send("hello?secret");
  await peer.receives("hello?secret");

  const text = reactor.describe();
  assertMatch(text, /^The reactor is running\.\nOpen resources: 3\n/);
  assertMatch(text, / on 127\.0\.0\.1:\d+: open 1, accepted 1, refused 0, failed handshakes 0,/);
  assertMatch(
    text,
    /connection from 127\.0\.0\.1:\d+: Echo, made by .* on 127\.0\.0\.1:\d+, open for \d+\.\d+ s, received 12 B, sent \d+ B, unsent \d+ B/,
  );
  assertMatch(
    text,
    /connection to .*: TestPeer, made by connector to .*, received 12 B, sent 12 B/,
  );
  assertEquals(text.includes("secret"), false);

  const { openResources, openConnections, connections, bytesReceived } = reactor.stats();
  assertEquals([openResources, openConnections, connections, bytesReceived], [3, 2, 2, 24]);
  peer.close();
  await peer.ended;
  await port.drain(Infinity);
  const after = reactor.stats();
  assertEquals(after.openConnections, 0);
  assertEquals([after.connections, after.bytesReceived, after.bytesSent], [2, 24, 24]);
});

Deno.test("ReactorBase.describe() lists datagram ports and thread pools", async () => {
  await using reactor = runningReactor();
  await using _port = reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  reactor.getThreadPool();
  const text = reactor.describe();
  assertMatch(text, /DatagramProtocol on \d+: oversized 0, unsent 0, failed sends 0,/);
  assertMatch(text, /^ {2}thread pool$/m);
});

Deno.test("ReactorBase.describe() lists connection attempts and closing connections", () => {
  const clock = new Clock();
  using reactor = new InMemoryReactor(clock);
  reactor.run();
  reactor.listenTCP(7, Factory.forProtocol(Echo));
  const connector = reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Echo));
  assertMatch(reactor.describe(), /^ {2}attempt to connect to 127\.0\.0\.1:7$/m);
  assertEquals(reactor.stats().openConnections, 0);
  clock.advance(0);
  assertEquals(reactor.stats().openConnections, 2);
  connector.disconnect();
  assertMatch(
    reactor.describe(),
    /^ {2}connection to 127\.0\.0\.1:7 \(closing\): Echo, made by connector to 127\.0\.0\.1:7 /m,
  );
});

Deno.test("ReactorBase.describe() lists timed calls in order, up to the limit, without arguments", () => {
  const reactor = new DenoReactor();
  const calls = [3, 1, 2].map((delay) =>
    reactor.callLater(delay, function ring(_password: string): void {}, "hunter2")
  );
  assertMatch(
    reactor.describe({ limit: 2 }),
    /^The reactor is not running\.\nOpen resources: 0\nPending timed calls: 3\n {2}DelayedCall\(ring in [01]\.\d+ s\)\n {2}DelayedCall\(ring in [12]\.\d+ s\)\n {2}and 1 more$/,
  );
  assertMatch(reactor.describe({ limit: 0 }), /\nPending timed calls: 3\n {2}and 3 more$/);
  const all = reactor.describe().match(/(?<=ring in )\d/g) ?? [];
  assertEquals([all.length, all.join() === all.toSorted().join()], [3, true]);
  assertEquals(reactor.describe().includes("hunter2"), false);
  for (const call of calls) call.cancel();
  assertThrows(() => reactor.describe({ limit: -1 }), RangeError, "describe() limit");
});

Deno.test("ReactorBase.describe() has the place of a timed call while debugging is on", () => {
  const reactor = new DenoReactor();
  setDebugging(true);
  try {
    using _call = reactor.callLater(1, function ring(): void {});
    assertMatch(reactor.describe(), /DelayedCall\(ring in .*\), made:\n.*observability_test\.ts/);
  } finally {
    setDebugging(false);
  }
});

Deno.test("describeReactor() describes the others when the description of one resource throws", () => {
  const resource = { shutDown: () => {}, unref: () => {} };
  const failing = {
    ...resource,
    describe: () => {
      throw new Error("no");
    },
  };
  const modem = { ...resource, toString: () => "modem" };
  const text = describeReactor({
    running: true,
    resources: [failing, modem],
    calls: [],
    limit: 9,
  });
  assertStringIncludes(text, "Object (its description failed)\n  modem\n");
});

Deno.test("describeReactor() keeps each description on one line of limited length", () => {
  const resource = { shutDown: () => {}, unref: () => {} };
  // A peer chooses the path of its UNIX socket.
  const forging = { ...resource, toString: () => "connection from /tmp/a\n  modem\x1b[2J" };
  const huge = { ...resource, toString: () => "m".repeat(100_000) };
  const text = describeReactor({ running: true, resources: [forging, huge], calls: [], limit: 9 });
  const [, , first, second = "", last] = text.split("\n");
  assertEquals(first, "  connection from /tmp/a\\n  modem\\x1b[2J");
  assertEquals(second, `  ${"m".repeat(1000)}…`);
  assertEquals(last, "Pending timed calls: 0");
});

Deno.test("ReactorBase.describe() names a timed call whose function has no readable name", () => {
  const reactor = new DenoReactor();
  const numbered = Object.defineProperty(() => {}, "name", { value: 5 });
  const failing = Object.defineProperty(() => {}, "name", {
    get: () => {
      throw new Error("no");
    },
  });
  using _first = reactor.callLater(1, numbered);
  using _second = reactor.callLater(2, failing);
  assertEquals(reactor.describe().match(/DelayedCall\(\(anonymous\) in /g)?.length, 2);
});

Deno.test("ReactorBase.stats() counts turns and timed calls", async () => {
  await using reactor = runningReactor();
  const { promise, resolve } = Promise.withResolvers<void>();
  reactor.callLater(0, resolve);
  const { pendingCalls } = reactor.stats();
  await promise;
  // The promise resolves within the turn, which has not ended then.
  await nextMacrotask();
  const { callsMade, turnTime, lateness } = reactor.stats();
  assertEquals([pendingCalls, callsMade, turnTime.count, lateness.count], [1, 1, 1, 1]);
});

Deno.test("ReactorBase.stats() counts a turn whose call is due within the tick of the clock", () => {
  const clock = new Clock();
  using reactor = new InMemoryReactor(clock);
  reactor.run();
  clock.advance(0.1);
  // The call is due at 0.1 + 0.2, which is slightly more than 0.3.
  reactor.callLater(0.2, () => {});
  clock.advance(0.3 - clock.seconds());
  assertEquals(clock.seconds(), 0.3);
  const { callsMade, lateness } = reactor.stats();
  assertEquals([callsMade, lateness.count, lateness.maximum], [1, 1, 0]);
});

Deno.test("ReactorBase.stats() counts lateness from run() on, also after crash()", () => {
  const clock = new Clock();
  using reactor = new InMemoryReactor(clock);
  for (let run = 0; run < 2; run++) {
    reactor.callLater(1, () => reactor.crash());
    clock.advance(60);
    reactor.run();
    clock.advance(0);
  }
  const { callsMade, lateness } = reactor.stats();
  assertEquals([callsMade, lateness.count, lateness.maximum], [2, 2, 0]);
});

Deno.test("ReactorBase reports slow timed calls and protocol methods while debugging is on", async () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(message), { replay: false });
  // With the threshold 0, every callback is slow.
  setDebugging(true, { slowCallback: 0 });
  try {
    await using reactor = runningReactor();
    const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
    const peer = await connectProtocol(endpoint, new TestPeer());
    peer.send("hello");
    await peer.receives("hello");
    const { promise, resolve } = Promise.withResolvers<void>();
    reactor.callLater(0, function ring(): void {
      resolve();
    });
    await promise;
  } finally {
    setDebugging(false);
  }
  for (const name of ["makeConnection", "dataReceived", "connectionLost", "the timed call ring"]) {
    assertMatch(lines.join("\n"), new RegExp(`^Slow callback: ${name} kept the event`, "m"));
  }
});

Deno.test("ReactorBase makes all due calls if the function of a slow one has no readable name", () => {
  const clock = new Clock();
  using reactor = new InMemoryReactor(clock);
  reactor.run();
  setDebugging(true, { slowCallback: 0 });
  try {
    reactor.callLater(0, Object.defineProperty(() => {}, "name", { value: 5 }));
    reactor.callLater(0, () => {});
    clock.advance(0);
  } finally {
    setDebugging(false);
  }
  const { callsMade, turnTime } = reactor.stats();
  assertEquals([callsMade, turnTime.count], [2, 1]);
});

Deno.test("ReactorBase.stats() measures the turns and the calls of callFromThread", () => {
  const clock = new Clock();
  using reactor = new InMemoryReactor(clock);
  reactor.run();
  reactor.callFromThread(() => clock.advance(0.25));
  clock.advance(0);
  const { turnTime, lateness, callsMade } = reactor.stats();
  assertEquals([turnTime.count, turnTime.total, turnTime.maximum], [1, 0.25, 0.25]);
  assertEquals([lateness.count, callsMade], [0, 0]);
  assertEquals(turnTime.buckets.filter(({ count }) => count > 0).length, 5);
});

Deno.test("ReactorBase.stats() counts refusals by reason, failed handshakes and connects", async () => {
  await using reactor = runningReactor();
  const host = "127.0.0.1";
  const refuse = new class extends Factory {
    override buildProtocol(): null {
      return null;
    }
  }();
  const port = reactor.listenTCP(0, refuse, { interface: host });
  const endpoint = new TCP4ClientEndpoint(reactor, host, port.getHost().port);
  const peer = await connectProtocol(endpoint, new TestPeer());
  await peer.ended;
  await port.stopListening();
  await assertRejects(() => Promise.resolve(connectProtocol(endpoint, new TestPeer())));
  const { refusals, failedConnects, pendingConnects } = reactor.stats();
  assertEquals({ ...noRefusals(), factory: 1 }, refusals);
  assertEquals([failedConnects, pendingConnects], [1, 0]);
  assertEquals([port.stats.refused, port.stats.refusals.factory], [1, 1]);
});

Deno.test("LoopMeter measures the lateness of turns in which a call is due", () => {
  const meter = new LoopMeter();
  meter.start(1);
  assertEquals(meter.callsDue(0.5, 1.5), 0.5);
  assertEquals(meter.callsDue(2, 2), 0);
  // A time may be earlier by a rounding error.
  assertEquals(meter.callsDue(3.0000001, 3), 0);
  const { count, total, maximum } = meter.lateness.stats();
  assertEquals([count, total, maximum], [3, 0.5, 0.5]);
});

Deno.test("LoopMeter.turnEnded() returns 0 if the clock was set back during the turn", () => {
  const meter = new LoopMeter();
  assertEquals(meter.turnEnded(2, 1), 0);
  assertEquals(meter.turnTime.stats().maximum, 0);
});
