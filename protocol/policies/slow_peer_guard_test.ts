import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectedServerAndClient, StringTransport, TestPeer } from "../../testing/mod.ts";
import {
  Factory,
  LineReceiver,
  type ProtocolWrapper,
  SlowPeerGuard,
  type SlowPeerGuardOptions,
  SlowPeerTimeout,
  ThrottlingFactory,
  TimeoutFactory,
} from "../mod.ts";

/** Records lines, and answers those that ask for it. */
class Lines extends LineReceiver {
  readonly lines: string[] = [];
  isBetweenLines = false;

  override dataReceived(data: Uint8Array): void {
    this.isBetweenLines = data.at(-1) === 10;
    return super.dataReceived(data);
  }

  override textReceived(line: string): void {
    this.lines.push(line);
    if (line === "?") this.sendLine("!");
    if (line === "pause") this.transport.pauseProducing();
  }
}

/** A half-closeable {@linkcode Lines}. */
class HalfCloseableLines extends Lines {
  readConnectionLost(): void {}
  writeConnectionLost(): void {}
}

type Options = SlowPeerGuardOptions<Lines>;

const guarded = (options: Options, protocol = Lines): SlowPeerGuard<Lines> =>
  new SlowPeerGuard(Factory.forProtocol(protocol), options);

const isWaiting = (lines: Lines): boolean => lines.isBetweenLines;

Deno.test("SlowPeerGuard aborts a connection whose first message is not complete in time", () => {
  using pair = connectedServerAndClient(guarded({ firstMessageTimeout: 20 }), TestPeer);
  for (let second = 0; second < 19; second++) {
    pair.client.send("x");
    pair.pump.advance(1);
  }
  assertEquals(pair.client.ending, "");
  pair.pump.advance(1);
  const { serverReason: reason } = pair;
  assertInstanceOf(reason, SlowPeerTimeout);
  assertEquals([reason.limit, reason.received, reason.seconds], ["firstMessageTimeout", 19, 20]);
  assertEquals(reason.code, "ETIMEDOUT");
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: " +
      "the peer sent 19 bytes and no complete message in 20 s",
  );
});

Deno.test("SlowPeerGuard takes an answer for the end of the first message", () => {
  using pair = connectedServerAndClient(guarded({ firstMessageTimeout: 20 }), TestPeer);
  // A greeting is not an answer.
  pair.server.wrappedProtocol.sendLine("welcome");
  pair.pump.advance(10);
  pair.client.send("?\r\n");
  pair.pump.advance(100);
  assertEquals(pair.client.text, "welcome\r\n!\r\n");
  assertEquals([pair.client.ending, pair.clock.getDelayedCalls()], ["", []]);
});

Deno.test("SlowPeerGuard takes a late answer for the end of a message", () => {
  using pair = connectedServerAndClient(
    guarded({ firstMessageTimeout: 20, minRate: 100 }),
    TestPeer,
  );
  pair.client.send("think\r\n");
  pair.pump.advance(9);
  pair.server.wrappedProtocol.transport.writeSequence(["done", "\r\n"]);
  pair.pump.advance(100);
  assertEquals([pair.client.text, pair.client.ending], ["done\r\n", ""]);
});

Deno.test("SlowPeerGuard aborts a connection whose message arrives below minRate", () => {
  using pair = connectedServerAndClient(guarded({ minRate: 10, window: 5 }), TestPeer);
  // Silence before a message is not slow.
  pair.pump.advance(100);
  for (let second = 0; second < 20; second++) {
    pair.client.send("0123456789");
    pair.pump.advance(1);
  }
  assertEquals(pair.client.ending, "");
  for (let second = 0; second < 5; second++) {
    pair.client.send("012345678");
    pair.pump.advance(1);
  }
  const { serverReason: reason } = pair;
  assertInstanceOf(reason, SlowPeerTimeout);
  assertEquals([reason.limit, reason.received, reason.seconds], ["minRate", 45, 5]);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: " +
      "the peer sent 45 bytes of a message in 5 s, fewer than minRate requires",
  );
});

Deno.test("SlowPeerGuard measures each message, and no time between messages", () => {
  using pair = connectedServerAndClient(guarded({ minRate: 10, window: 5 }), TestPeer);
  for (let message = 0; message < 5; message++) {
    pair.client.send("?");
    pair.pump.advance(4);
    pair.client.send("\r\n");
    pair.pump.advance(60);
  }
  assertEquals([pair.client.text, pair.client.ending], ["!\r\n".repeat(5), ""]);
  pair.client.send("?\r\nx");
  pair.pump.advance(60);
  pair.client.send("x");
  pair.pump.advance(5);
  assertInstanceOf(pair.serverReason, SlowPeerTimeout);
});

Deno.test("SlowPeerGuard.isWaiting decides whether a message is complete", () => {
  const options: Options = { firstMessageTimeout: 20, minRate: 10, window: 5, isWaiting };
  using pair = connectedServerAndClient(guarded(options), TestPeer);
  pair.client.send("no answer\r\n");
  pair.pump.advance(100);
  assertEquals([pair.server.wrappedProtocol.lines, pair.client.ending], [["no answer"], ""]);
  pair.client.send("x");
  pair.pump.flush();
  // An answer to an earlier message.
  pair.server.wrappedProtocol.sendLine("at last");
  pair.pump.advance(5);
  assertInstanceOf(pair.serverReason, SlowPeerTimeout);
});

Deno.test("SlowPeerGuard logs a promise that rejects although isWaiting has thrown", async () => {
  using errors = new LoggedErrors();
  class Rejecting extends Lines {
    override async dataReceived(): Promise<void> {
      await null;
      throw new RangeError("later");
    }
  }
  const fail = (): never => {
    throw new TypeError("now");
  };
  using pair = connectedServerAndClient(guarded({ isWaiting: fail }, Rejecting), TestPeer);
  pair.client.send("x");
  await pair.pump.pumpUntilIdle();
  assertEquals(errors.take().map(({ message }) => message), ["now", "later"]);
});

Deno.test("SlowPeerGuard reports an error of isWaiting, and loses the connection", () => {
  using errors = new LoggedErrors();
  const fail = (): boolean => {
    throw new RangeError("boom");
  };
  using pair = connectedServerAndClient(guarded({ isWaiting: fail }), TestPeer);
  pair.client.send("x");
  pair.pump.flush();
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assertInstanceOf(pair.serverReason, RangeError);
});

Deno.test("SlowPeerGuard does not count time in which the protocol has paused the peer", () => {
  const options: Options = { firstMessageTimeout: 20, minRate: 10, window: 5 };
  using pair = connectedServerAndClient(guarded(options), TestPeer);
  pair.client.send("pause\r\n");
  pair.pump.advance(100);
  assertEquals(pair.client.ending, "");
  pair.server.wrappedProtocol.transport.resumeProducing();
  pair.pump.advance(4.9);
  assertEquals(pair.client.ending, "");
  pair.pump.advance(0.1);
  assertInstanceOf(pair.serverReason, SlowPeerTimeout);
});

Deno.test("SlowPeerGuard does not count time in which a throttle holds the peer back", () => {
  const options: Options = { firstMessageTimeout: 20, minRate: 10, window: 5 };
  const line = `${"x".repeat(100)}\r\n?\r\n`;
  const throttle = { readLimit: 1 };
  const orders: Factory<ProtocolWrapper>[] = [
    new ThrottlingFactory(new TimeoutFactory(guarded(options), 1000), throttle),
    new SlowPeerGuard(new ThrottlingFactory(Factory.forProtocol(Lines), throttle), {
      firstMessageTimeout: 20,
      minRate: 10,
      window: 5,
    }),
  ];
  for (const factory of orders) {
    using pair = connectedServerAndClient(factory, TestPeer, { chunkSize: 10 });
    pair.client.send(line);
    pair.pump.advance(200);
    assertEquals([pair.client.text, pair.client.ending], ["!\r\n", ""]);
  }
});

Deno.test("SlowPeerGuard leaves a peer alone that has closed its writing side", () => {
  const factory = guarded({ minRate: 10, window: 5 }, HalfCloseableLines);
  using pair = connectedServerAndClient(factory, TestPeer);
  pair.client.send("x");
  pair.client.closeWrite();
  pair.pump.advance(100);
  assertEquals([pair.serverReason, pair.clock.getDelayedCalls()], [null, []]);
});

Deno.test("SlowPeerGuard stops its timeouts when the connection is lost", () => {
  const options: Options = { firstMessageTimeout: 20, minRate: 10 };
  using pair = connectedServerAndClient(guarded(options), TestPeer);
  pair.client.send("x");
  pair.pump.flush();
  assertEquals(pair.clock.getDelayedCalls().length, 2);
  pair.client.abort();
  pair.pump.flush();
  assertEquals(pair.clock.getDelayedCalls(), []);
});

Deno.test("SlowPeerGuard throws for options out of range, and without a clock", () => {
  const wrong: [Options, string][] = [
    [{ minRate: 0 }, "minRate must be more than 0 per second, got 0"],
    [{ minRate: Infinity }, "minRate must be finite, got Infinity"],
    [{ window: 0 }, "window must be more than 0 seconds, got 0"],
    [{ firstMessageTimeout: -1 }, "firstMessageTimeout must be zero or more seconds, got -1"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => guarded(options), RangeError, message);
  }
  const transport = new StringTransport();
  assertThrows(
    () => guarded({ minRate: 1 }).buildProtocol(transport.getPeer())?.makeConnection(transport),
    Error,
    "Cannot guard SlowPeerProtocol: its transport, of class StringTransport, has no clock",
  );
});
