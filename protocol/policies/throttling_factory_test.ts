/**
 * Twisted's `test/test_policies.py`, `ThrottlingTests`: all tests are here. The rates are not
 * checked once a second: the pause comes with the byte that exceeds the limit. `test_limit` uses
 * connections in memory.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { IPv4Address } from "../../reactor/addresses.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import type { IPushProducer } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { connectedServerAndClient, IOPump, StringTransport, TestPeer } from "../../testing/mod.ts";
import {
  Factory,
  Protocol,
  ThrottlingFactory,
  type ThrottlingFactoryOptions,
  ThrottlingProtocol,
} from "../mod.ts";

const PEER = new IPv4Address("TCP", "192.0.2.2", 2222);

/** An echo that is a producer, and records how it is called. */
class Echo extends Protocol implements IPushProducer {
  readonly calls: string[] = [];

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }

  pauseProducing(): void {
    this.calls.push("pause");
  }

  resumeProducing(): void {
    this.calls.push("resume");
  }

  stopProducing(): void {
    this.calls.push("stop");
  }
}

interface Throttled {
  readonly factory: ThrottlingFactory<Echo>;
  readonly wrapper: ThrottlingProtocol<Echo>;
  readonly transport: StringTransport;
  readonly clock: Clock;
}

function throttled(options: ThrottlingFactoryOptions): Throttled {
  const clock = new Clock();
  const factory = new ThrottlingFactory(Factory.forProtocol(Echo), options);
  const transport = new StringTransport({ clock });
  const wrapper = factory.buildProtocol(PEER);
  if (wrapper === null) throw new Error("The connection was refused");
  wrapper.makeConnection(transport);
  return { factory, wrapper, transport, clock };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("ThrottlingFactory refuses connections above maxConnectionCount", () => {
  const inner = Factory.forProtocol(Echo);
  const factory = new ThrottlingFactory(inner, { maxConnectionCount: 2 });
  using first = connectedServerAndClient(factory, TestPeer);
  using _second = connectedServerAndClient(factory, TestPeer);
  assertEquals([factory.buildProtocol(PEER), factory.protocols.size], [null, 2]);
  first.client.close();
  first.pump.flush();
  assertEquals(factory.connectionCount, 1);
  using third = connectedServerAndClient(factory, TestPeer);
  assertEquals(third.server instanceof ThrottlingProtocol, true);
});

Deno.test("ThrottlingProtocol.writeSequence() writes and counts all pieces", () => {
  const { wrapper, transport, factory } = throttled({ writeLimit: 20 });
  wrapper.writeSequence(["bytes", bytes("bytes"), "bytes", "bytes"]);
  assertEquals([transport.text(), factory.areWritesThrottled], ["bytesbytesbytesbytes", false]);
  wrapper.write("é");
  assertEquals(factory.areWritesThrottled, true);
});

Deno.test("ThrottlingFactory pauses producers above writeLimit until the rate is within it", () => {
  const { wrapper, transport, clock } = throttled({ writeLimit: 10 });
  const { calls } = wrapper.wrappedProtocol;
  wrapper.registerProducer(wrapper.wrappedProtocol, true);
  wrapper.dataReceived(bytes("0123456789"));
  assertEquals(calls, []);
  wrapper.dataReceived(bytes("abcdefghij"));
  assertEquals([transport.text(), calls], ["0123456789abcdefghij", ["pause"]]);
  clock.advance(0.95);
  assertEquals(calls, ["pause"]);
  clock.advance(0.1);
  assertEquals([calls, transport.producerState], [["pause", "resume"], "producing"]);
  // The bytes of a second may be written at once only after a quiet second.
  wrapper.dataReceived(bytes("0123456789"));
  assertEquals(calls, ["pause", "resume", "pause"]);
});

Deno.test("ThrottlingFactory pauses reading above readLimit until the rate is within it", () => {
  const { wrapper, transport, clock, factory } = throttled({ readLimit: 10 });
  for (let round = 0; round < 2; round++) {
    wrapper.dataReceived(bytes("0123456789"));
    assertEquals(transport.producerState, "producing");
    wrapper.dataReceived(bytes("abcdefghij"));
    assertEquals([transport.producerState, factory.areReadsThrottled], ["paused", true]);
    clock.advance(0.95);
    assertEquals(transport.producerState, "paused");
    clock.advance(0.1);
    assertEquals([transport.producerState, factory.areReadsThrottled], ["producing", false]);
    clock.advance(1);
  }
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("ThrottlingFactory limits the average rate of a transfer over connections", () => {
  const pump = new IOPump();
  const inner = Factory.forProtocol(TestPeer);
  const factory = new ThrottlingFactory(inner, { readLimit: 1000 });
  using one = connectedServerAndClient(factory, TestPeer, { pump, chunkSize: 100 });
  using two = connectedServerAndClient(factory, TestPeer, { pump, chunkSize: 100 });
  one.client.send("x".repeat(10_000));
  two.client.send("x".repeat(10_000));
  const received = (): number =>
    one.server.wrappedProtocol.data.length + two.server.wrappedProtocol.data.length;
  pump.flush();
  for (let second = 0; second < 10; second++) {
    const expected = 1000 * (second + 1);
    if (Math.abs(received() - expected) > 300) {
      throw new Error(`${received()} bytes after ${second} s, expected about ${expected}`);
    }
    pump.advance(1);
  }
  pump.advance(20);
  assertEquals(received(), 20_000);
});

Deno.test("ThrottlingFactory keeps connections paused that their protocols have paused", () => {
  const { wrapper, transport, clock } = throttled({ readLimit: 10 });
  wrapper.dataReceived(bytes("x".repeat(30)));
  wrapper.pauseProducing();
  clock.advance(10);
  assertEquals(transport.producerState, "paused");
  wrapper.resumeProducing();
  assertEquals(transport.producerState, "producing");
  wrapper.pauseProducing();
  wrapper.dataReceived(bytes("x".repeat(30)));
  wrapper.resumeProducing();
  assertEquals(transport.producerState, "paused");
  clock.advance(10);
  assertEquals(transport.producerState, "producing");
});

Deno.test("ThrottlingFactory keeps producers paused that the transport has paused", () => {
  const { wrapper, transport, clock } = throttled({ writeLimit: 10 });
  const { calls } = wrapper.wrappedProtocol;
  wrapper.registerProducer(wrapper.wrappedProtocol, true);
  const registered = transport.producer as IPushProducer;
  registered.pauseProducing();
  wrapper.write("x".repeat(30));
  clock.advance(10);
  assertEquals(calls, ["pause"]);
  wrapper.write("x".repeat(30));
  registered.resumeProducing();
  assertEquals(calls, ["pause"]);
  clock.advance(10);
  assertEquals(calls, ["pause", "resume"]);
  registered.stopProducing();
  assertEquals(calls, ["pause", "resume", "stop"]);
});

Deno.test("ThrottlingFactory does not read connections without a producer above writeLimit", () => {
  const { wrapper, transport, clock } = throttled({ writeLimit: 10 });
  wrapper.dataReceived(bytes("x".repeat(20)));
  assertEquals(transport.producerState, "paused");
  wrapper.registerProducer(wrapper.wrappedProtocol, true);
  assertEquals([transport.producerState, wrapper.wrappedProtocol.calls], ["producing", ["pause"]]);
  wrapper.unregisterProducer();
  assertEquals(transport.producerState, "paused");
  clock.advance(1);
  assertEquals(transport.producerState, "producing");
});

Deno.test("ThrottlingFactory holds back the next piece of a pull producer", () => {
  const factory = new ThrottlingFactory(Factory.forProtocol(Protocol), { writeLimit: 10 });
  using pair = connectedServerAndClient(factory, TestPeer);
  let left = 5;
  const producer = {
    resumeProducing: () => {
      if (left-- > 0) pair.server.write("0123456789");
      else pair.server.unregisterProducer();
    },
    stopProducing: () => {},
  };
  pair.server.registerProducer(producer, false);
  pair.pump.flush();
  // The first second's worth, and the piece that exceeded it.
  assertEquals(pair.client.text.length, 20);
  pair.pump.advance(0.9);
  assertEquals(pair.client.text.length, 20);
  pair.pump.advance(0.1);
  assertEquals(pair.client.text.length, 30);
  pair.pump.advance(3);
  assertEquals([pair.client.text.length, left], [50, -1]);
});

Deno.test("ThrottlingFactory holds back a producer that is registered above the limit", () => {
  const { wrapper, transport, clock } = throttled({ writeLimit: 10 });
  wrapper.write("x".repeat(20));
  let pieces = 0;
  const pull = { resumeProducing: () => void pieces++, stopProducing: () => {} };
  wrapper.registerProducer(pull, false);
  transport.producer?.resumeProducing();
  assertEquals(pieces, 0);
  clock.advance(1);
  assertEquals(pieces, 1);
});

Deno.test("ThrottlingFactory logs a producer's error, and aborts that connection", () => {
  using errors = new LoggedErrors();
  const { wrapper, transport, clock } = throttled({ writeLimit: 10 });
  const producer = new Echo();
  producer.resumeProducing = () => {
    throw new RangeError("boom");
  };
  wrapper.registerProducer(producer, true);
  wrapper.write("x".repeat(20));
  clock.advance(1);
  assertEquals(
    errors.takeEvents().map(({ why }) => why),
    ["Error while calling resumeProducing for 192.168.1.1:54321"],
  );
  assertInstanceOf(transport.abortReason?.cause, RangeError);
});

Deno.test("ThrottlingFactory remembers the rate when the last connection has closed", () => {
  const inner = Factory.forProtocol(TestPeer);
  const factory = new ThrottlingFactory(inner, { readLimit: 10 });
  const pump = new IOPump();
  {
    using pair = connectedServerAndClient(factory, TestPeer, { pump });
    pair.client.send("x".repeat(100));
    pump.flush();
  }
  assertEquals(pump.clock.getDelayedCalls(), []);
  using pair = connectedServerAndClient(factory, TestPeer, { pump });
  pair.client.send("x");
  pump.advance(8);
  assertEquals(pair.server.wrappedProtocol.text, "");
  pump.advance(1);
  assertEquals(pair.server.wrappedProtocol.text, "x");
});

Deno.test("ThrottlingFactory throws for limits out of range, and without a clock", () => {
  const inner = Factory.forProtocol(Echo);
  const wrong: [ThrottlingFactoryOptions, string][] = [
    [{ maxConnectionCount: 0 }, "maxConnectionCount must be an integer from 1"],
    [{ readLimit: 0 }, "readLimit must be more than 0 per second, got 0"],
    [{ writeLimit: -1 }, "writeLimit must be more than 0 per second, got -1"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => new ThrottlingFactory(inner, options), RangeError, message);
  }
  const factory = new ThrottlingFactory(inner);
  factory.maxConnectionCount = NaN;
  assertThrows(() => factory.buildProtocol(PEER), RangeError, "maxConnectionCount must be");
  assertThrows(
    () =>
      new ThrottlingFactory(inner, { readLimit: 1 }).buildProtocol(PEER)
        ?.makeConnection(new StringTransport()),
    Error,
    "Cannot limit the rate of ThrottlingFactory: its transport, of class StringTransport, has no",
  );
});
