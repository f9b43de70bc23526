import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { IPv4Address, UNIXAddress } from "../reactor/addresses.ts";
import type { IPushProducer } from "../reactor/interfaces/mod.ts";
import { Factory, LineReceiver, Protocol } from "../protocol/mod.ts";
import { Clock } from "../task/mod.ts";
import { testCertificates } from "./fixtures/certificates.ts";
import {
  checkClean,
  type ConnectedPair,
  connectedServerAndClient,
  flushLoggedErrors,
  IOPump,
  TestPeer,
} from "./mod.ts";

/** Sends each line back, in capitals. */
class Upper extends LineReceiver {
  readonly lines: string[] = [];

  override textReceived(line: string): void {
    this.lines.push(line);
    this.sendLine(line.toUpperCase());
  }
}

/** A protocol with state in its factory. */
class Counter extends Protocol<Counters> {
  readonly events: string[] = [];

  override connectionMade(): void {
    this.events.push(`made ${this.transport.getPeer()}`);
    this.factory.count++;
  }

  override connectionLost(reason: Error): void {
    this.events.push(`lost ${reason.name}`);
    this.factory.count--;
  }
}

class Counters extends Factory<Counter> {
  override protocol = Counter;
  readonly calls: string[] = [];
  count = 0;

  override startFactory(): void {
    this.calls.push("start");
  }

  override stopFactory(): void {
    this.calls.push("stop");
  }
}

/** The text that a client receives, and the sizes of the chunks, with some options. */
function exchange(
  text: string,
  options: Parameters<typeof connectedServerAndClient>[2],
): { text: string; sizes: number[] } {
  using pair = connectedServerAndClient(TestPeer, TestPeer, options);
  pair.server.send(text);
  pair.pump.flush();
  return { text: pair.client.text, sizes: pair.client.chunks.map(({ length }) => length) };
}

Deno.test(
  "connectedServerAndClient() connects classes, functions, factories and protocols, with their types",
  checkClean(() => {
    const classes: ConnectedPair<Upper, TestPeer> = connectedServerAndClient(Upper, TestPeer);
    const functions: ConnectedPair<Upper, TestPeer> = connectedServerAndClient(
      () => new Upper(),
      () => new TestPeer(),
    );
    const factories: ConnectedPair<Counter, TestPeer> = connectedServerAndClient(
      new Counters(),
      Factory.forProtocol(TestPeer),
    );
    const protocols: ConnectedPair<Upper, TestPeer> = connectedServerAndClient(
      new Upper(),
      new TestPeer(),
    );
    for (const pair of [classes, functions, factories, protocols]) {
      assert(pair.serverTransport.connected && pair.clientTransport.connected);
      pair[Symbol.dispose]();
    }
  }),
);

Deno.test(
  "connectedServerAndClient() delivers lines in chunks of every size",
  checkClean(() => {
    for (const chunkSize of [1, 2, 3, 5, 100, "random"] as const) {
      for (const seed of [0, 1, 2]) {
        using pair = connectedServerAndClient(Upper, TestPeer, { chunkSize, seed });
        pair.client.send("one\r\ntwo\r\nthree\r\n");
        pair.pump.flush();
        assertEquals(pair.server.lines, ["one", "two", "three"]);
        assertEquals(pair.client.take(), "ONE\r\nTWO\r\nTHREE\r\n");
      }
    }
  }),
);

Deno.test(
  "connectedServerAndClient() cuts the bytes as chunkSize says",
  checkClean(() => {
    assertEquals(exchange("12345678", { chunkSize: 3 }).sizes, [3, 3, 2]);
    assertEquals(exchange("12345678", {}).sizes, [8]);
    const text = "x".repeat(10_000);
    const runs = [1, 1, 2].map((seed) => exchange(text, { chunkSize: "random", seed }));
    for (const run of runs) assertEquals(run.text, text);
    assertEquals(runs[0]?.sizes, runs[1]?.sizes);
    assert(runs[0]?.sizes.join() !== runs[2]?.sizes.join());
    const sizes = Array.from(
      { length: 50 },
      (_, seed) => exchange(text, { chunkSize: "random", seed }).sizes,
    ).flat();
    assert(sizes.includes(1) && sizes.some((size) => size > 1000));
  }),
);

Deno.test(
  "connectedServerAndClient() joins writes of several turns, as a socket does",
  checkClean(() => {
    using pair = connectedServerAndClient(TestPeer, TestPeer);
    pair.client.pause();
    for (const text of ["one", "two", "three"]) {
      pair.server.send(text);
      pair.pump.flush();
    }
    pair.client.resume();
    pair.pump.flush();
    // The first chunk was being read when the client paused.
    const text = new TextDecoder();
    assertEquals(pair.client.chunks.map((chunk) => text.decode(chunk)), ["one", "twothree"]);
  }),
);

Deno.test(
  "connectedServerAndClient() starts and stops the factories",
  checkClean(() => {
    const factory = new Counters();
    const pair = connectedServerAndClient(factory, TestPeer);
    assertEquals([factory.calls, factory.count], [["start"], 1]);
    assertStrictEquals(pair.server.factory, factory);
    pair[Symbol.dispose]();
    assertEquals([factory.calls, factory.count], [["start", "stop"], 0]);
    assertEquals(pair.server.events, ["made 192.0.2.2:2222", "lost ConnectionAborted"]);
    pair[Symbol.dispose]();
  }),
);

Deno.test(
  "connectedServerAndClient() leaves the pumping to the test with greet: false",
  checkClean(() => {
    class Greeter extends Protocol {
      override connectionMade(): void {
        this.transport.write("Hello");
      }
    }
    using greeted = connectedServerAndClient(Greeter, TestPeer);
    assertEquals(greeted.client.text, "Hello");
    using silent = connectedServerAndClient(Greeter, TestPeer, { greet: false });
    assertEquals(silent.client.text, "");
    silent.pump.flush();
    assertEquals(silent.client.text, "Hello");
  }),
);

Deno.test(
  "ConnectedPair reports the reasons of the loss on both sides",
  checkClean(() => {
    for (
      const [close, reasons] of [
        [(pair) => pair.server.close(), ["ConnectionDone", undefined]],
        [(pair) => pair.server.abort(), ["ConnectionAborted", "ConnectionLost"]],
        [(pair) => pair.client.abort(), ["ConnectionLost", "ConnectionAborted"]],
      ] satisfies [(pair: ConnectedPair<TestPeer, TestPeer>) => void, unknown[]][]
    ) {
      using pair = connectedServerAndClient(TestPeer, TestPeer);
      assertEquals([pair.serverReason, pair.clientReason], [null, null]);
      close(pair);
      assertEquals([pair.serverReason, pair.clientReason], [null, null]);
      pair.pump.flush();
      assertEquals([pair.serverReason?.name, pair.clientReason?.name], reasons);
      assertStrictEquals(pair.serverReason, pair.server.reason);
    }
  }),
);

Deno.test(
  "ConnectedPair half-closes a connection, and closes it when both sides have",
  checkClean(() => {
    using pair = connectedServerAndClient(TestPeer, TestPeer);
    const { server, client, pump } = pair;
    client.send("question");
    client.closeWrite();
    pump.flush();
    assertEquals([server.text, server.ending, client.ending], ["question", "closed", ""]);
    server.send("answer");
    server.closeWrite();
    pump.flush();
    assertEquals([client.text, client.ending], ["answer", "closed"]);
    assertEquals([client.reason?.name, server.reason?.name], ["ConnectionDone", "ConnectionDone"]);
  }),
);

Deno.test(
  "ConnectedPair sends everything before it closes, and nothing after an abort",
  checkClean(() => {
    using closing = connectedServerAndClient(TestPeer, TestPeer, { capacity: 2 });
    closing.server.send("everything");
    closing.server.close();
    closing.pump.flush();
    assertEquals([closing.client.text, closing.client.ending], ["everything", "closed"]);
    using aborting = connectedServerAndClient(TestPeer, TestPeer, { capacity: 2 });
    aborting.server.send("everything");
    aborting.server.abort();
    aborting.pump.flush();
    assertEquals([aborting.client.text, aborting.client.ending], ["", "ECONNRESET"]);
  }),
);

Deno.test(
  "ConnectedPair pauses a producer while the peer does not read",
  checkClean(() => {
    const calls: string[] = [];
    const producer: IPushProducer = {
      pauseProducing: () => void calls.push("pause"),
      resumeProducing: () => void calls.push("resume"),
      stopProducing: () => void calls.push("stop"),
    };
    using pair = connectedServerAndClient(TestPeer, TestPeer, {
      capacity: 10,
      serverOptions: { writeBufferHighWater: 20 },
    });
    pair.client.pause();
    pair.serverTransport.registerProducer(producer, true);
    pair.server.send("x".repeat(50));
    pair.pump.flush();
    assertEquals(calls, ["pause"]);
    pair.client.resume();
    pair.pump.flush();
    assertEquals([calls, pair.client.text.length], [["pause", "resume"], 50]);
    pair.server.close();
    pair.pump.flush();
    assertEquals(pair.serverReason, null); // the producer holds the connection open
    pair.serverTransport.unregisterProducer();
    pair.pump.flush();
    assertEquals(pair.serverReason?.name, "ConnectionDone");
  }),
);

Deno.test(
  "ConnectedPair applies the timeouts and limits of each side, on its clock",
  checkClean(() => {
    using pair = connectedServerAndClient(TestPeer, TestPeer, {
      capacity: 1,
      serverOptions: { idleTimeout: 60 },
      clientOptions: { writeBufferLimit: 100 },
    });
    pair.pump.advance(59);
    pair.client.send(".");
    pair.pump.advance(59);
    assertEquals(pair.serverReason, null);
    pair.pump.advance(1);
    assertEquals(pair.serverReason?.name, "ConnectionTimeout");
    using full = connectedServerAndClient(TestPeer, TestPeer, {
      clientOptions: { writeBufferLimit: 100 },
    });
    for (let i = 0; i < 2; i++) full.client.send("x".repeat(60));
    full.pump.flush();
    assertEquals(full.clientReason?.name, "WriteBufferExceeded");
  }),
);

Deno.test(
  "ConnectedPair logs the error of a protocol, and loses its connection",
  checkClean(() => {
    class Failing extends Protocol {
      override dataReceived(): void {
        throw new RangeError("failing");
      }
    }
    using pair = connectedServerAndClient(Failing, TestPeer);
    pair.client.send("x");
    pair.pump.flush();
    const [error] = flushLoggedErrors(RangeError);
    assertStrictEquals(pair.serverReason, error);
  }),
);

Deno.test(
  "connectedServerAndClient() shares a pump and its clock among connections",
  checkClean(() => {
    const clock = new Clock();
    const pump = new IOPump({ clock });
    using first = connectedServerAndClient(Upper, TestPeer, { pump });
    using second = connectedServerAndClient(Upper, TestPeer, { pump, clock });
    for (const { client } of [first, second]) client.send("x\r\n");
    pump.flush();
    assertEquals([first.client.text, second.client.text], ["X\r\n", "X\r\n"]);
    assertStrictEquals(second.clock, clock);
    using other = connectedServerAndClient(Upper, TestPeer, { clock });
    assertStrictEquals(other.clock, clock);
    assertThrows(
      () => connectedServerAndClient(Upper, TestPeer, { pump, clock: new Clock() }),
      TypeError,
      "Cannot connect a pair: the pump has a clock",
    );
  }),
);

Deno.test(
  "connectedServerAndClient() gives each side the addresses of the options",
  checkClean(() => {
    using standard = connectedServerAndClient(Protocol, TestPeer);
    assertEquals(String(standard.serverTransport.getHost()), "192.0.2.1:1111");
    assertEquals(String(standard.serverTransport.getPeer()), "192.0.2.2:2222");
    using pair = connectedServerAndClient(Protocol, TestPeer, {
      serverAddress: new UNIXAddress("/tmp/socket"),
      clientAddress: new IPv4Address("TCP", "198.51.100.1", 5),
    });
    assertEquals(String(pair.clientTransport.getPeer()), "/tmp/socket");
    assertEquals(String(pair.serverTransport.getPeer()), "198.51.100.1:5");
  }),
);

Deno.test(
  "ConnectedPair secures the connection with startTLS()",
  checkClean(async () => {
    const { authority, server: certificate } = await testCertificates();
    class Secured extends TestPeer {
      isSecured = false;

      handshakeCompleted(): void {
        this.isSecured = true;
      }
    }
    using pair = connectedServerAndClient(Secured, Secured);
    const { server, client, pump } = pair;
    pair.serverTransport.startTLS(certificate);
    pair.clientTransport.startTLS({ serverName: "localhost", caCerts: [authority.cert] });
    client.send("secret");
    await pump.pumpUntilIdle();
    assertEquals([server.isSecured, client.isSecured, server.text], [true, true, "secret"]);
    client.close();
    await pump.pumpUntilIdle();
    assertEquals([client.reason?.name, server.ending], ["ConnectionDone", "closed"]);
  }),
);

Deno.test("connectedServerAndClient() refuses values that make no protocol", () => {
  // @ts-expect-error: the test of a wrong argument
  assertThrows(() => connectedServerAndClient({}, TestPeer), TypeError, "the protocol must be");
  class Refusing extends Factory<Protocol> {
    override buildProtocol(): null {
      return null;
    }
  }
  assertThrows(
    () => connectedServerAndClient(Protocol, new Refusing()),
    Error,
    "Cannot connect to 192.0.2.1:1111: the client's factory built no protocol",
  );
});

Deno.test("connectedServerAndClient() refuses options that are out of range", () => {
  for (
    const [options, message] of [
      [{ chunkSize: 0 }, "chunkSize must be an integer from 1"],
      [{ capacity: 0 }, "capacity must be an integer from 1"],
      [{ seed: -1 }, "seed must be an integer from 0"],
      [{ serverOptions: { linger: -1 } }, "linger must be"],
    ] as const
  ) {
    assertThrows(() => connectedServerAndClient(Protocol, Protocol, options), RangeError, message);
  }
  assertThrows(
    // @ts-expect-error: the test of a wrong argument
    () => connectedServerAndClient(Protocol, Protocol, { chunkSize: "large" }),
    TypeError,
    'chunkSize must be a number of bytes or "random", got "large"',
  );
});
