/**
 * The ends of simulated connections, as programs see them: order, closing, resets, crashes, loss.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import {
  connectWorld,
  makeWorld,
  RawDial,
  type RawEnd,
  RawListener,
} from "../fixtures/simulated_ends.ts";
import { parseFault } from "./faults.ts";
import { SimulatedNetwork } from "./simulated_network.ts";
import { StreamEnd, TCPStreamEnd } from "./stream_end.ts";

const WINDOW = 262144;
/** The time after which Linux gives up a connection that gets no answer, in seconds. */
const GIVE_UP = 924.6;

// Order and completeness.

Deno.test("StreamEnd delivers bytes in both directions, one latency after the write", () => {
  const { network, client, server } = connectWorld();
  client.write("ping");
  server.write("pong");
  network.advance(0.000999);
  assertEquals([client.text, server.text], ["", ""]);
  network.advance(0.000001);
  assertEquals([client.text, server.text], ["pong", "ping"]);
});

Deno.test("StreamEnd delivers all bytes in order under splits, delays, losses and short transfers", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { maxLength: 20 }),
      fc.record({
        split: fc.double({ min: 0, max: 1, noNaN: true }),
        delay: fc.double({ min: 0, max: 1, noNaN: true }),
        loss: fc.double({ min: 0, max: 1, noNaN: true }),
        "short write": fc.double({ min: 0, max: 1, noNaN: true }),
        "short read": fc.double({ min: 0, max: 1, noNaN: true }),
        "slow read": fc.double({ min: 0, max: 0.5, noNaN: true }),
      }),
      fc.integer(),
      fc.constantFrom(Infinity, 100_000),
      (chunks, faults, seed, bandwidth) => {
        const network = new SimulatedNetwork({ seed, faults });
        const [alice, bob] = [network.addHost("alice"), network.addHost("bob")];
        network.setLink("alice", "bob", { bandwidth });
        const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
        const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
        network.advance(10);
        for (const chunk of chunks) dial.connected.write(chunk);
        for (const chunk of chunks) listener.end.write(chunk);
        network.advance(600);
        const sent = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
        assertEquals(listener.end.bytes, sent);
        assertEquals(dial.connected.bytes, sent);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("StreamEnd delivers all bytes in order across partitions of one or both directions", () => {
  const side = fc.constantFrom("alice", "bob");
  const outage = fc.record({
    from: side,
    bothWays: fc.boolean(),
    start: fc.integer({ min: 0, max: 30_000 }),
    length: fc.integer({ min: 1, max: 60_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(outage, { maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 30 }),
      (outages, writes) => {
        const { network, client, server } = connectWorld();
        for (const { from, bothWays, start, length } of outages) {
          const to = from === "alice" ? "bob" : "alice";
          network.callLater(start / 1000, () => {
            const partition = bothWays
              ? network.partition([from], [to])
              : network.partitionOneWay([from], [to]);
            network.callLater(length / 1000, () => partition[Symbol.dispose]());
          });
        }
        let [fromClient, fromServer] = ["", ""];
        for (const [index, time] of writes.toSorted((a, b) => a - b).entries()) {
          fromClient += `${index} `;
          fromServer += `${-index} `;
          network.callLater(time / 1000, () => {
            client.write(`${index} `);
            server.write(`${-index} `);
          });
        }
        network.advance(600);
        assertEquals([server.text, client.text], [fromClient, fromServer]);
        assertEquals([server.events, client.events], [[], []]);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("StreamEnd delivers bytes late at a slow read, within five seconds", () => {
  const network = new SimulatedNetwork({ faults: { "slow read": 1 } });
  const [alice, bob] = [network.addHost("alice"), network.addHost("bob")];
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(0.01);
  dial.connected.write("ping");
  network.advance(0.001);
  assertEquals(listener.end.text, "");
  network.advance(5);
  assertEquals(listener.end.text, "ping");
  assertEquals(network.faults.map((line) => parseFault(line).kind), ["slow read"]);
});

Deno.test("StreamEnd takes as many bytes as the peer has room for, and continues when it reads", () => {
  const { network, client, server } = connectWorld({ reads: false });
  client.write(new Uint8Array(WINDOW + 1000));
  network.advance(1);
  assertEquals(client.isFlushed, false);
  server.driver.startReading();
  network.advance(1);
  assertEquals([client.isFlushed, server.bytes.length], [true, WINDOW + 1000]);
});

Deno.test("StreamEnd.stopReading() stops the delivery of chunks that have arrived", () => {
  const { network, client, server } = connectWorld();
  server.driver.stopReading();
  for (const text of ["a", "b", "c"]) client.write(text);
  network.advance(1);
  assertEquals(server.text, "");
  server.driver.startReading();
  network.advance(0);
  assertEquals(server.text, "abc");
});

Deno.test("StreamEnd.write() takes no bytes of a buffer that was detached", () => {
  const { client } = connectWorld();
  const bytes = new Uint8Array(10);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  let count = -1;
  client.driver.attach(Object.assign(Object.create(client), { wrote: (n: number) => count = n }));
  client.driver.write(bytes);
  assertEquals(count, 0);
});

Deno.test("StreamEnd keeps the bytes of a write that the program changes afterwards", () => {
  const { network, client, server } = connectWorld();
  const bytes = new TextEncoder().encode("before");
  client.write(bytes);
  bytes.fill(0);
  network.advance(1);
  assertEquals(server.text, "before");
});

Deno.test("StreamEnd needs the time of the bandwidth for large data", () => {
  const { network, client, server } = connectWorld();
  network.setLink("alice", "bob", { bandwidth: 10_000 });
  client.write(new Uint8Array(20_000));
  network.advance(1.5);
  assert(server.bytes.length > 10_000 && server.bytes.length < 16_000);
  network.advance(0.51);
  assertEquals(server.bytes.length, 20_000);
});

// Closing.

Deno.test("StreamEnd.close() delivers the bytes that were taken, then the end", () => {
  const { network, client, server } = connectWorld();
  client.write("bye");
  client.driver.close();
  network.advance(1);
  assertEquals([server.text, server.events, client.events], ["bye", ["end"], ["released"]]);
});

Deno.test("StreamEnd.closeWrite() leaves the other direction open", () => {
  const { network, client, server } = connectWorld();
  client.write("question");
  client.driver.closeWrite();
  network.advance(1);
  assertEquals([server.text, server.events], ["question", ["end"]]);
  server.write("answer");
  server.driver.close();
  network.advance(1);
  assertEquals([client.text, client.events], ["answer", ["write closed", "end"]]);
});

Deno.test("StreamEnd.close() of both ends at once is clean", () => {
  const { network, client, server } = connectWorld();
  client.driver.close();
  server.driver.close();
  network.advance(2000);
  assertEquals([client.events, server.events], [["released"], ["released"]]);
});

Deno.test("StreamEnd.close() with unread bytes resets the connection", () => {
  const { network, client, server } = connectWorld({ reads: false });
  client.driver.startReading();
  client.write("unread");
  network.advance(1);
  server.driver.close();
  network.advance(1);
  assertEquals(client.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamEnd.close() is followed by a reset when further bytes arrive", () => {
  const { network, client, server } = connectWorld();
  server.driver.close();
  network.advance(1);
  assertEquals(client.events, ["end"]);
  client.write("too late");
  network.advance(1);
  client.write("again");
  network.advance(1);
  assertEquals(client.events, ["end", "failed write EPIPE"]);
});

Deno.test("StreamEnd.abort() resets the peer after the bytes that were sent before", () => {
  const { network, client, server } = connectWorld();
  client.write("last words");
  client.driver.abort();
  network.advance(1);
  assertEquals([server.text, server.events], ["last words", ["failed read ECONNRESET"]]);
  assertEquals(client.events, ["released"]);
});

Deno.test("StreamEnd.abort() is noticed by a peer that does not read when it writes", () => {
  const { network, client, server } = connectWorld({ reads: false });
  client.driver.abort();
  network.advance(1);
  assertEquals(server.events, []);
  server.write("hello");
  network.advance(0);
  assertEquals(server.events, ["failed write ECONNRESET"]);
});

Deno.test("StreamEnd delivers what arrived before a reset to a reader that starts later", () => {
  const { network, client, server } = connectWorld({ reads: false });
  client.write("data");
  client.driver.abort();
  network.advance(1);
  server.driver.startReading();
  network.advance(1);
  assertEquals([server.text, server.events], ["data", ["failed read ECONNRESET"]]);
});

Deno.test("StreamEnd.abort() whose reset is lost makes the peer's next bytes or end fail", () => {
  for (const next of ["write", "closeWrite"] as const) {
    const { network, client, server } = connectWorld();
    const partition = network.partition(["alice"], ["bob"]);
    client.driver.abort();
    network.advance(1);
    partition[Symbol.dispose]();
    if (next === "write") server.write("hello");
    else server.driver.closeWrite();
    network.advance(1);
    assertEquals(server.events.at(-1), "failed read ECONNRESET");
  }
});

Deno.test("StreamEnd.close() and abort() do nothing the second time", () => {
  const { network, client, server } = connectWorld();
  client.driver.close();
  client.driver.close();
  client.driver.abort();
  network.advance(1);
  assertEquals([client.events, server.events], [["released"], ["end"]]);
});

// Crashes, kills and pauses.

Deno.test("StreamEnd of a crashed host is silent, and its restart resets the peer that sends", () => {
  const { network, bob, client } = connectWorld();
  bob.crash();
  client.write("hello?");
  network.advance(60);
  assertEquals(client.events, []);
  bob.restart();
  network.advance(120);
  assertEquals(client.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamEnd of a crashed host is silent for ever to a peer that does not send", () => {
  const { network, bob, client } = connectWorld();
  bob.crash();
  network.advance(1);
  bob.restart();
  network.advance(100_000);
  assertEquals(client.events, []);
});

Deno.test("StreamEnd gives up when the peer's host stays down", () => {
  const { network, bob, client } = connectWorld();
  bob.crash();
  client.write("hello?");
  network.advance(GIVE_UP - 0.1);
  assertEquals(client.events, []);
  network.advance(0.2);
  assertEquals(client.events, ["failed read ETIMEDOUT"]);
});

Deno.test("StreamEnd in flight at a crash arrives, unless the crash loses data", () => {
  for (const losesData of [false, true]) {
    const { network, alice, client, server } = connectWorld();
    client.write("in flight");
    alice.crash(losesData);
    network.advance(1);
    assertEquals(server.text, losesData ? "" : "in flight");
  }
});

Deno.test("StreamEnd of a host that crashed and lost data still resets the peer after a restart", () => {
  const { network, bob, client } = connectWorld();
  bob.crash(true);
  network.advance(1);
  bob.restart();
  client.write("hello?");
  network.advance(1);
  assertEquals(client.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamEnd.close() before a crash that loses data loses the closing, too", () => {
  const { network, alice, client, server } = connectWorld();
  client.write("bye");
  client.driver.close();
  alice.crash(true);
  network.advance(1);
  assertEquals([server.text, server.events], ["", []]);
  alice.restart();
  server.write("hello?");
  network.advance(1);
  assertEquals(server.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamEnd sends nothing more of a host that has crashed during a partition", () => {
  const { network, alice, client, server } = connectWorld();
  const partition = network.partition(["alice"], ["bob"]);
  client.write("held");
  network.advance(1);
  alice.crash();
  network.advance(1);
  alice.restart();
  partition[Symbol.dispose]();
  network.advance(1000);
  assertEquals([server.text, server.events], ["", []]);
});

Deno.test("StreamEnd of a killed process closes, and resets with unread bytes", () => {
  for (const reads of [true, false]) {
    const { network, bob, client, server } = connectWorld({ reads });
    client.driver.startReading();
    client.write("data");
    network.advance(1);
    bob.kill();
    network.advance(1);
    assertEquals(client.events, [reads ? "end" : "failed read ECONNRESET"]);
    assertEquals(server.events, []);
  }
});

Deno.test("StreamEnd of a killed process accepts the peer's end, and refuses its bytes", () => {
  const { network, bob, client } = connectWorld();
  bob.kill();
  network.advance(1);
  client.driver.closeWrite();
  network.advance(1);
  assertEquals(client.events, ["end", "write closed"]);
});

Deno.test("StreamEnd of a paused process receives when the process resumes", () => {
  const { network, bob, client, server } = connectWorld();
  bob.pause();
  client.write("hello");
  network.advance(60);
  assertEquals([server.text, client.isFlushed], ["", true]);
  bob.resume();
  network.advance(0);
  assertEquals(server.text, "hello");
});

Deno.test("StreamEnd methods do nothing when the process has ended", () => {
  for (const end of ["crash", "kill"] as const) {
    const { network, bob, client, server } = connectWorld();
    bob[end]();
    network.advance(1);
    const before = [...client.events];
    server.write("ghost");
    server.driver.closeWrite();
    server.driver.close();
    server.driver.abort();
    network.advance(1);
    assertEquals([client.text, client.events, server.events], ["", before, []]);
  }
});

// Partitions and loss.

Deno.test("StreamEnd retries with a timeout that doubles, and delivers after a partition", () => {
  const { network, client, server } = connectWorld();
  const partition = network.partition(["alice"], ["bob"]);
  client.write("hello");
  network.advance(10);
  partition[Symbol.dispose]();
  // The attempts come 0.2, 0.6, 1.4, 3, 6.2 and 12.6 seconds after the first.
  network.advance(2.5);
  assertEquals(server.text, "");
  network.advance(0.2);
  assertEquals(server.text, "hello");
});

Deno.test("StreamEnd gives up both ends' pending data after 15 minutes of a partition", () => {
  const { network, client, server } = connectWorld();
  network.partition(["alice"], ["bob"]);
  client.write("a");
  server.driver.closeWrite();
  network.advance(GIVE_UP + 1);
  assertEquals(client.events, ["failed read ETIMEDOUT"]);
  assertEquals(server.events, ["write closed", "failed read ETIMEDOUT"]);
});

Deno.test("StreamEnd gives up when only the answers are lost, although its bytes arrive once", () => {
  const { network, client, server } = connectWorld();
  network.partitionOneWay(["bob"], ["alice"]);
  client.write("hello");
  network.advance(GIVE_UP + 200);
  assertEquals([server.text, server.chunks, server.events], ["hello", [5], []]);
  assertEquals(client.events, ["failed read ETIMEDOUT"]);
});

Deno.test("StreamEnd continues when the answers return before it gives up", () => {
  const { network, client, server } = connectWorld();
  const partition = network.partitionOneWay(["bob"], ["alice"]);
  client.write("hello");
  network.advance(300);
  partition[Symbol.dispose]();
  network.advance(2000);
  client.write(" again");
  network.advance(1);
  assertEquals([server.text, client.events], ["hello again", []]);
});

Deno.test("StreamEnd with a full window continues after the answers were lost", () => {
  const { network, client, server } = connectWorld({ reads: false });
  client.write(new Uint8Array(WINDOW + 10));
  network.advance(1);
  const partition = network.partitionOneWay(["bob"], ["alice"]);
  server.driver.startReading();
  network.advance(5);
  assertEquals(client.isFlushed, false);
  partition[Symbol.dispose]();
  network.advance(10);
  assertEquals([client.isFlushed, server.bytes.length], [true, WINDOW + 10]);
});

Deno.test("StreamEnd leaves no event behind when its peer is gone for good", () => {
  const { network, bob, client } = connectWorld();
  client.write("hello");
  bob.crash();
  network.advance(GIVE_UP + 200);
  client.driver.close();
  network.advance(0);
  assertEquals(network.nextDue(), undefined);
});

Deno.test("StreamEnd of a loss sends the segment again, and a lost reset not", () => {
  const { network, client, server } = connectWorld({
    faults: ["loss alice->bob #2", "loss alice->bob #3"],
  });
  client.write("lost once");
  network.advance(0.2);
  assertEquals(server.text, "");
  network.advance(0.1);
  assertEquals(server.text, "lost once");
  client.driver.abort();
  network.advance(1000);
  assertEquals(server.events, []);
});

Deno.test("StreamEnd of a reset fault loses the segment, and resets both ends", () => {
  const { network, client, server } = connectWorld({ faults: ["reset alice->bob #2"] });
  client.write("hello");
  network.advance(1);
  const both = [client, server].map((end: RawEnd) => [end.text, ...end.events]);
  assertEquals(both, [["", "failed read ECONNRESET"], ["", "failed read ECONNRESET"]]);
});

Deno.test("StreamEnd of a half-open fault is silent in both directions, until it gives up", () => {
  const { network, client, server } = connectWorld({ faults: ["half-open alice->bob #2"] });
  client.write("hello");
  network.advance(1);
  server.write("hello");
  network.advance(900);
  assertEquals([client.text, client.events, server.text, server.events], ["", [], "", []]);
  network.advance(100);
  assertEquals([client.events, server.events], [["failed read ETIMEDOUT"], [
    "failed read ETIMEDOUT",
  ]]);
});

Deno.test("StreamEnd between two sockets of one host loses nothing by random faults", () => {
  const faults = { loss: 1, reset: 1, "half-open": 1, refuse: 1, ignore: 1 };
  const network = new SimulatedNetwork({ faults });
  const host = network.addHost("host");
  const listener = new RawListener(host.sockets.bindUNIX("/run/x", 1, 0o666, false));
  const dial = new RawDial(host.sockets.dialUNIX("/run/x", false, host.reactor));
  network.advance(0.001);
  dial.connected.write("hello");
  network.advance(0.001);
  assertEquals(listener.end.text, "hello");
});

// Keep-alive.

Deno.test("StreamEnd.setKeepAlive() detects a silent peer after two hours and nine probes", () => {
  const { network, bob, client } = connectWorld();
  client.driver.setKeepAlive?.(true);
  network.advance(1);
  bob.crash();
  network.advance(7200 + 9 * 75 - 2);
  assertEquals(client.events, []);
  network.advance(2);
  assertEquals(client.events, ["failed read ETIMEDOUT"]);
});

Deno.test("StreamEnd with the option keepAlive probes on both ends from the start", () => {
  const { network, client, server } = connectWorld({ keepAlive: 60 });
  assertEquals([client.driver.keepsAlive, server.driver.keepsAlive], [true, true]);
  network.partition(["alice"], ["bob"]);
  network.advance(60 + 9 * 75 + 1);
  assertEquals([client.events, server.events], [["failed read ETIMEDOUT"], [
    "failed read ETIMEDOUT",
  ]]);
});

Deno.test("StreamEnd.setKeepAliveIdle() resets at the first probe when the peer has restarted", () => {
  const { network, bob, client } = connectWorld();
  client.driver.setKeepAliveIdle?.(10);
  bob.crash();
  network.advance(5);
  bob.restart();
  network.advance(4.9);
  assertEquals(client.events, []);
  network.advance(0.2);
  assertEquals(client.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamEnd.setKeepAlive() keeps a connection whose peer answers, by probe or by data", () => {
  const { network, client, server } = connectWorld({ keepAlive: 10 });
  for (let i = 0; i < 10; i++) {
    const partition = network.partition(["alice"], ["bob"]);
    network.advance(300);
    partition[Symbol.dispose]();
    network.advance(400);
    server.write(".");
  }
  network.advance(1);
  assertEquals([client.events, server.events, client.text.length], [[], [], 10]);
});

Deno.test("StreamEnd.setKeepAlive(false) stops the probes", () => {
  const { network, bob, client } = connectWorld({ keepAlive: 10 });
  client.driver.setKeepAlive?.(false);
  bob.crash();
  network.advance(100_000);
  assertEquals(client.events, []);
});

Deno.test("StreamEnd of a closed or failed connection sends no probes", () => {
  const { network, client, server } = connectWorld({ keepAlive: 10 });
  server.driver.abort();
  client.driver.close();
  network.advance(1);
  client.driver.setKeepAlive?.(true);
  assertEquals([client.driver.keepsAlive, server.driver.keepsAlive], [false, false]);
  assertEquals(network.nextDue(), undefined);
});

Deno.test("StreamEnd leaves the detection to the retries while bytes have no answer", () => {
  const { network, bob, client } = connectWorld({ keepAlive: 10 });
  client.write("hello");
  bob.crash();
  network.advance(GIVE_UP - 1);
  assertEquals(client.events, []);
  network.advance(2);
  assertEquals(client.events, ["failed read ETIMEDOUT"]);
});

Deno.test("TCPStreamEnd has the options of TCP, and a StreamEnd of a UNIX socket does not", () => {
  const { client } = connectWorld();
  assertInstanceOf(client.driver, TCPStreamEnd);
  const { network, alice } = makeWorld();
  const listener = new RawListener(alice.sockets.bindUNIX("/x", 1, 0o666, false));
  new RawDial(alice.sockets.dialUNIX("/x", false, alice.reactor));
  network.advance(0.001);
  const { driver } = listener.end;
  assert(driver instanceof StreamEnd && !(driver instanceof TCPStreamEnd));
  assert(!("setNoDelay" in driver || "setKeepAlive" in driver || "setKeepAliveIdle" in driver));
});

Deno.test("StreamEnd writes each segment, end and reset to the trace, and its probes", () => {
  const { network, client, server } = connectWorld({ trace: true, keepAlive: 10 });
  client.write("hello");
  server.driver.closeWrite();
  network.advance(20);
  client.driver.abort();
  network.advance(1);
  const trace = String(network.trace);
  for (
    const line of [
      "alice: sends 5 bytes to bob:80: hello",
      "bob: receives 5 bytes from alice:49152",
      "bob: sends the end to alice:49152",
      "alice: asks whether bob:80 is there",
      "bob: receives a reset from alice:49152",
    ]
  ) assert(trace.includes(line), `${line} in\n${trace}`);
});
