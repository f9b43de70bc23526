/** Subscriptions of a RESP client, on one connection and on several, in RESP2 and in RESP3. */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, type Deferred, TimeoutError } from "../../defer/mod.ts";
import { ClientService, type ClientServiceOptions } from "../../endpoints/mod.ts";
import { ConnectionLost } from "../../reactor/errors.ts";
import { Clock } from "../../task/mod.ts";
import {
  assertNoResult,
  cleanTest,
  type ConnectedPair,
  connectedServerAndClient,
  failureResultOf,
  flushLoggedErrors,
  ManualEndpoint,
  successResultOf,
  TestPeer,
} from "../../testing/mod.ts";
import { RequestCancelled, RequestLost, RequestQueueFull, RequestTimeout } from "../mod.ts";
import {
  type CommandWords,
  encodeCommand,
  type PublishedMessage,
  RESPClient,
  RESPClientFactory,
  type RESPClientOptions,
  RESPEncoder,
  RESPError,
  type RESPVersion,
  type Subscription,
  SubscriptionEnded,
  SubscriptionOverflow,
  UnexpectedReply,
} from "./mod.ts";

type Pair = ConnectedPair<TestPeer, RESPClient>;

/** A client that is prepared, and a server that the test moves. */
class Fixture implements Disposable {
  readonly pair: Pair;
  readonly #version: RESPVersion;

  constructor(version: RESPVersion, options: Partial<RESPClientOptions> = {}) {
    this.#version = version;
    const clock = new Clock();
    const client = new RESPClient({ clock, version, ...options });
    this.pair = connectedServerAndClient(TestPeer, client, { clock });
    const ready = client.prepare();
    if (version === 3) this.send("%1\r\n+proto\r\n:3\r\n");
    successResultOf(ready);
    this.received();
  }

  get client(): RESPClient {
    return this.pair.client;
  }

  /** Returns what the server has received since the last call. */
  received(): string {
    this.pair.pump.flush();
    return this.pair.server.take();
  }

  send(text: string): void {
    this.pair.server.send(text);
    this.pair.pump.flush();
  }

  /** Sends a push of RESP3, or an array of RESP2. */
  push(...values: (string | number)[]): void {
    const encoder = new RESPEncoder(this.#version);
    encoder.push(values);
    this.pair.server.transport.write(encoder.take());
    this.pair.pump.flush();
  }

  /** Subscribes to a channel, and confirms it. */
  subscribe(...args: Parameters<RESPClient["subscribe"]>): Subscription {
    const subscribing = this.client.subscribe(...args);
    this.push("subscribe", args[0], 1);
    return successResultOf(subscribing);
  }

  [Symbol.dispose](): void {
    this.pair[Symbol.dispose]();
  }
}

const command = (...words: CommandWords): string => new TextDecoder().decode(encodeCommand(words));

/** Collects the texts of messages. */
function collector(): { texts: string[]; message: (message: PublishedMessage) => void } {
  const texts: string[] = [];
  return {
    texts,
    message: ({ channel, pattern, text }) => void texts.push(`${pattern ?? ""}/${channel}/${text}`),
  };
}

for (const version of [2, 3] as const) {
  const test = (claim: string, f: (fixture: Fixture) => void | Promise<void>): void =>
    cleanTest(`RESPClient with RESP${version}: ${claim}`, async () => {
      using fixture = new Fixture(version);
      await f(fixture);
    });

  test("subscribe() fires when the server confirms, and passes messages on", (fixture) => {
    const { texts, message } = collector();
    const subscribing = fixture.client.subscribe("news", { message });
    assertEquals(fixture.received(), command("subscribe", "news"));
    assertNoResult(subscribing);
    fixture.push("subscribe", "news", 1);
    const subscription = successResultOf(subscribing);
    assertEquals([subscription.kind, subscription.name], ["channel", "news"]);
    fixture.push("message", "news", "one");
    fixture.push("message", "other", "not mine");
    assertEquals(texts, ["/news/one"]);
    subscription.close();
    fixture.push("message", "news", "too late");
    assertEquals([fixture.received(), texts.length], [command("unsubscribe", "news"), 1]);
    fixture.push("unsubscribe", "news", 0);
    const reply = fixture.client.command(["GET", "a"]);
    fixture.send("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n");
    // Without a subscription, an array like a message is a reply like any other.
    assertEquals(successResultOf(reply), ["message", "news", "x"]);
  });

  test("psubscribe() and ssubscribe() subscribe to patterns and shard channels", (fixture) => {
    const { texts, message } = collector();
    const pattern = fixture.client.psubscribe("n*", { message });
    const shard = fixture.client.ssubscribe("news", { message });
    assertEquals(fixture.received(), command("psubscribe", "n*") + command("ssubscribe", "news"));
    fixture.push("psubscribe", "n*", 1);
    fixture.push("ssubscribe", "news", 1);
    fixture.push("pmessage", "n*", "news", "one");
    fixture.push("smessage", "news", "two");
    assertEquals(texts, ["n*/news/one", "/news/two"]);
    successResultOf(pattern).close();
    successResultOf(shard).close();
    assertEquals(
      fixture.received(),
      command("punsubscribe", "n*") + command("sunsubscribe", "news"),
    );
  });

  test("subscribe() sends one command for several subscriptions to a channel", (fixture) => {
    const [first, second] = [collector(), collector()];
    const subscribing = [first, second].map((each) => fixture.client.subscribe("news", each));
    fixture.push("subscribe", "news", 1);
    const third = successResultOf(fixture.client.subscribe("news", collector()));
    assertEquals(fixture.received(), command("subscribe", "news"));
    const [one, two] = subscribing.map(successResultOf);
    fixture.push("message", "news", "x");
    assertEquals([first.texts, second.texts], [["/news/x"], ["/news/x"]]);
    for (const each of [one, third]) each?.close();
    assertEquals(fixture.received(), "");
    two?.close();
    assertEquals(fixture.received(), command("unsubscribe", "news"));
  });

  test("subscribe() fails with the error of a server that refuses", (fixture) => {
    const subscribing = fixture.client.subscribe("secret");
    const other = fixture.client.subscribe("news");
    fixture.send("-NOPERM no permission to access the channel\r\n");
    fixture.push("subscribe", "news", 1);
    assertEquals(failureResultOf(subscribing, RESPError).code, "NOPERM");
    successResultOf(other);
  });

  test("subscribe({ timeout }) ends a subscription that is not confirmed in time", (fixture) => {
    const short = fixture.client.subscribe("news", { timeout: 1 });
    const long = fixture.client.subscribe("news", { timeout: 60 });
    const other = fixture.client.subscribe("other");
    fixture.received();
    fixture.pair.clock.advance(1);
    const error = failureResultOf(short, RequestTimeout);
    assertEquals(error.sent, true);
    assertEquals(
      error.message,
      'The server did not confirm the subscription to the channel "news" within 1 s',
    );
    fixture.pair.clock.advance(9);
    failureResultOf(other, RequestTimeout);
    assertEquals(fixture.received(), command("unsubscribe", "other"));
    assertNoResult(long);
    for (const verb of ["subscribe news", "subscribe other", "unsubscribe other"]) {
      fixture.push(...verb.split(" "), 1);
    }
    assert(successResultOf(long).isOpen);
  });

  test("subscribe({ signal }) waits until the signal aborts, and not longer", (fixture) => {
    const aborted = fixture.client.subscribe("news", { signal: AbortSignal.abort() });
    assertEquals(failureResultOf(aborted, RequestCancelled).sent, false);
    assertEquals(fixture.received(), "");
    const controller = new AbortController();
    const { signal } = controller;
    const confirmed = fixture.subscribe("confirmed", { signal });
    const waiting = fixture.client.subscribe("waiting", { signal });
    fixture.received();
    controller.abort();
    assertEquals(failureResultOf(waiting, RequestCancelled).sent, true);
    assertEquals(fixture.received(), command("unsubscribe", "waiting"));
    assert(confirmed.isOpen);
  });

  test("Subscription.unsubscribe() fires when the server confirms the end", (fixture) => {
    const first = fixture.subscribe("news");
    const second = successResultOf(fixture.client.subscribe("news"));
    fixture.received();
    successResultOf(first.unsubscribe());
    successResultOf(first.unsubscribe());
    assertEquals(fixture.received(), "");
    assertThrows(() => second.unsubscribe({ timeout: -1 }), RangeError, "timeout");
    assert(second.isOpen);
    const ending = second.unsubscribe();
    assertEquals([fixture.received(), second.isOpen], [command("unsubscribe", "news"), false]);
    assertNoResult(ending);
    fixture.push("unsubscribe", "news", 0);
    successResultOf(ending);
  });

  test("Subscription.unsubscribe() waits no longer than its timeout and signal", (fixture) => {
    const [late, aborted, refused, lost] = ["late", "aborted", "refused", "lost"].map((name) =>
      fixture.subscribe(name)
    );
    assert(late && aborted && refused && lost);
    const timingOut = late.unsubscribe({ timeout: 1 });
    const aborting = aborted.unsubscribe({ signal: AbortSignal.abort() });
    const refusing = refused.unsubscribe();
    const losing = lost.unsubscribe();
    failureResultOf(aborting, RequestCancelled);
    fixture.pair.clock.advance(1);
    assertEquals(failureResultOf(timingOut, RequestTimeout).sent, true);
    // The commands are sent in any case, and their late confirmations change nothing.
    fixture.push("unsubscribe", "late", 3);
    fixture.push("unsubscribe", "aborted", 2);
    fixture.send("-NOPERM no\r\n");
    failureResultOf(refusing, RESPError);
    assertNoResult(losing);
    fixture.pair.serverTransport.abortConnection();
    fixture.pair.pump.flush();
    successResultOf(losing);
  });

  test("subscribe() that is cancelled ends the subscription", (fixture) => {
    const subscribing = fixture.client.subscribe("news");
    subscribing.cancel();
    failureResultOf(subscribing, CancelledError);
    assertEquals(fixture.received(), command("subscribe", "news") + command("unsubscribe", "news"));
    fixture.push("subscribe", "news", 1);
    fixture.push("unsubscribe", "news", 0);
    const ping = fixture.client.command(["PING"]);
    fixture.send("+PONG\r\n");
    assertEquals(successResultOf(ping), "PONG");
  });

  test("replies to earlier commands come before the confirmation", (fixture) => {
    const earlier = fixture.client.command(["LRANGE", "a", 0, -1]);
    const subscribing = fixture.client.subscribe("news");
    fixture.send("*2\r\n$7\r\nmessage\r\n$4\r\nnews\r\n");
    assertEquals(successResultOf(earlier), ["message", "news"]);
    assertNoResult(subscribing);
    fixture.push("subscribe", "news", 1);
    successResultOf(subscribing);
  });

  test("a loop gets messages in order, and leaving it ends the subscription", async (fixture) => {
    const subscription = fixture.subscribe("news");
    for (const text of ["one", "two", "three"]) fixture.push("message", "news", text);
    assertEquals(subscription.buffered, 3);
    const texts: string[] = [];
    for await (const { text } of subscription) {
      if (texts.push(text) === 2) break;
    }
    assertEquals([texts, subscription.isOpen], [["one", "two"], false]);
    assertEquals(fixture.received(), command("subscribe", "news") + command("unsubscribe", "news"));
  });

  test("a loop waits for messages, and ends when the subscription is closed", async (fixture) => {
    const subscription = fixture.subscribe("news");
    const texts: string[] = [];
    const loop = (async () => {
      for await (const { text } of subscription) texts.push(text);
    })();
    fixture.push("message", "news", "one");
    await null;
    fixture.push("message", "news", "two");
    subscription.close();
    await loop;
    assertEquals(texts, ["one", "two"]);
  });

  test("a loop that is too slow gets what was kept, and then the error", async (fixture) => {
    for (const options of [{ maxBuffered: 2 }, { maxBufferedBytes: 6 }]) {
      const subscription = fixture.subscribe("news", options);
      const loop = subscription[Symbol.asyncIterator]();
      for (const text of ["one", "two", "three"]) fixture.push("message", "news", text);
      assertEquals(subscription.isOpen, false);
      fixture.push("unsubscribe", "news", 0);
      const texts = [await loop.next(), await loop.next()].map(({ value }) => value?.text);
      assertEquals(texts, ["one", "two"]);
      const error = await assertRejects(() => loop.next(), SubscriptionOverflow);
      assertEquals(
        error.message,
        'Cannot keep another message of the subscription to the channel "news": ' +
          "2 messages with 6 bytes are kept already (maxBuffered, maxBufferedBytes)",
      );
      assertEquals(await loop.next(), { done: true, value: undefined });
    }
  });

  test("a loop that keeps up may receive any number of bytes", async (fixture) => {
    const subscription = fixture.subscribe("news", { maxBufferedBytes: 6 });
    const loop = subscription[Symbol.asyncIterator]();
    for (let i = 0; i < 10; i++) {
      for (const text of ["one", "two"]) fixture.push("message", "news", text);
      const { value } = await loop.next();
      // A view would keep the memory of everything that arrived with the message.
      assertEquals([value?.text, value?.bytes.buffer.byteLength], ["one", 3]);
      assertEquals((await loop.next()).value?.text, "two");
    }
  });

  test("a subscription without a loop that overflows is logged", (fixture) => {
    fixture.subscribe("news", { maxBuffered: 1 });
    for (const text of ["one", "two"]) fixture.push("message", "news", text);
    assertEquals(flushLoggedErrors(SubscriptionOverflow).length, 1);
  });

  test("the loss of the connection ends the subscriptions with the reason", async (fixture) => {
    const { client } = fixture;
    const subscription = fixture.subscribe("news");
    const loop = subscription[Symbol.asyncIterator]();
    const next = loop.next();
    const unconfirmed = client.subscribe("other");
    const reason = new RangeError("the reason");
    fixture.pair.clientTransport.abortConnection(reason);
    fixture.pair.pump.flush();
    await assertRejects(() => next, Error, "the reason");
    assertEquals(await loop.next(), { done: true, value: undefined });
    const lost = failureResultOf(unconfirmed, RequestLost);
    assertEquals([lost.cause, lost.sent], [fixture.pair.clientReason, true]);
    assertEquals(failureResultOf(client.subscribe("late"), RequestLost).sent, false);
  });

  test("a subscription that the server ends fails", async (fixture) => {
    const subscribing = fixture.client.ssubscribe("news");
    fixture.push("ssubscribe", "news", 1);
    const loop = successResultOf(subscribing)[Symbol.asyncIterator]();
    const next = loop.next();
    fixture.push("sunsubscribe", "news", 0);
    await assertRejects(
      () => next,
      SubscriptionEnded,
      'The server has ended the subscription to the shard "news"',
    );
  });

  test("a heartbeat is answered beside a subscription", (fixture) => {
    fixture.subscribe("news");
    fixture.received();
    for (let i = 0; i < 5; i++) {
      fixture.pair.pump.advance(30);
      assertEquals(fixture.received(), command("PING"));
      if (version === 3) fixture.send("+PONG\r\n");
      else fixture.push("pong", "");
    }
    assertEquals(fixture.pair.clientTransport.connected, true);
  });

  test("an error of a handler is logged, and the subscription continues", (fixture) => {
    const texts: string[] = [];
    fixture.subscribe("news", {
      message: ({ text }) => {
        texts.push(text);
        throw new RangeError(text);
      },
    });
    for (const text of ["one", "two"]) fixture.push("message", "news", text);
    assertEquals(texts, ["one", "two"]);
    assertEquals(flushLoggedErrors(RangeError).length, 2);
  });
}

cleanTest(
  "RESPClient.subscribe() waits for prepare(), before and after the connection is made",
  () => {
    const clock = new Clock();
    const client = new RESPClient({ clock, password: "secret" });
    const { texts, message } = collector();
    const early = client.subscribe("early", { message });
    using pair = connectedServerAndClient(TestPeer, client, { clock });
    const late = client.psubscribe("late*", { message });
    const received = (): string => {
      pair.pump.flush();
      return pair.server.take();
    };
    const send = (text: string): void => {
      pair.server.send(text);
      pair.pump.flush();
    };
    assertEquals(received(), "");
    const ready = client.prepare();
    assertEquals(received(), command("HELLO", 3, "AUTH", "default", "secret"));
    send("%1\r\n+proto\r\n:3\r\n");
    assertEquals(received(), command("subscribe", "early") + command("psubscribe", "late*"));
    assertNoResult(ready);
    send(">3\r\n+subscribe\r\n+early\r\n:1\r\n>3\r\n+psubscribe\r\n+late*\r\n:2\r\n");
    successResultOf(ready);
    successResultOf(early);
    successResultOf(late);
    send(">3\r\n+message\r\n+early\r\n$1\r\na\r\n");
    assertEquals(texts, ["/early/a"]);
    // A second call sends no subscription again.
    const again = client.prepare();
    received();
    send("%1\r\n+proto\r\n:3\r\n");
    successResultOf(again);
    assertEquals(received(), "");
  },
);

cleanTest("RESPClient.subscribe() does not wait if there is nothing to prepare", () => {
  const clock = new Clock();
  using pair = connectedServerAndClient(TestPeer, new RESPClient({ clock, version: 2 }), { clock });
  const subscribing = pair.client.subscribe("news");
  pair.pump.flush();
  assertEquals(pair.server.take(), command("subscribe", "news"));
  pair.server.send("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  pair.pump.flush();
  successResultOf(subscribing);
});

cleanTest("RESPClient does not count subscriptions that it has not made", () => {
  using fixture = new Fixture(2);
  const subscribing = fixture.client.subscribe("news");
  fixture.push("subscribe", "news", 1);
  for (let i = 0; i < 10; i++) fixture.push("subscribe", `c${i}`, i);
  successResultOf(subscribing).close();
  fixture.push("unsubscribe", "news", 0);
  // Without a subscription, an array is a reply, whatever its first word is.
  const reply = fixture.client.command(["LRANGE", "list", 0, -1]);
  fixture.push("message", "c1", "x");
  assertEquals(successResultOf(reply), ["message", "c1", "x"]);
});

cleanTest(
  "RESPClient.subscribe() before there is a connection fails if that is lost at once",
  () => {
    const clock = new Clock();
    const client = new RESPClient({ clock, version: 2 });
    const subscribing = client.subscribe("news");
    using pair = connectedServerAndClient(TestPeer, client, { clock });
    pair.pump.flush();
    assertEquals(pair.server.take(), command("subscribe", "news"));
    pair.serverTransport.abortConnection();
    pair.pump.flush();
    // cleanTest() fails if an error is logged.
    assertInstanceOf(failureResultOf(subscribing, RequestLost).cause, ConnectionLost);
  },
);

cleanTest("RESPClient closes a connection whose message has no data", () => {
  using fixture = new Fixture(3);
  fixture.subscribe("news");
  fixture.push("message", "news");
  assertEquals(flushLoggedErrors(UnexpectedReply).length, 1);
  assertEquals(fixture.pair.clientTransport.connected, false);
});

cleanTest("RESPClient.subscribe() fails if the confirmation is another reply", () => {
  using fixture = new Fixture(3);
  const subscribing = fixture.client.subscribe("news");
  fixture.send("+QUEUED\r\n");
  assertEquals(failureResultOf(subscribing).name, "UnexpectedReply");
});

cleanTest("Subscription rejects options that are out of range, and two receivers", () => {
  using fixture = new Fixture(3);
  const { client } = fixture;
  assertThrows(() => client.subscribe("a", { maxBuffered: 0 }), RangeError, "maxBuffered");
  assertThrows(() => client.subscribe("a", { maxBufferedBytes: NaN }), RangeError);
  assertEquals(fixture.received(), "");
  const subscription = fixture.subscribe("a", { message: () => {} });
  assertThrows(() => subscription[Symbol.asyncIterator](), TypeError, "passed to a handler");
});

/** A `ClientService` on a fake endpoint, whose server the test moves. */
class ServiceFixture implements Disposable {
  readonly clock = new Clock();
  readonly endpoint = new ManualEndpoint();
  readonly factory: RESPClientFactory;
  readonly service: ClientService<RESPClient>;

  constructor(
    options: Partial<RESPClientOptions> = {},
    serviceOptions: Partial<ClientServiceOptions<RESPClient>> = {},
  ) {
    this.factory = new RESPClientFactory({ clock: this.clock, heartbeat: null, ...options });
    this.service = new ClientService(this.endpoint, this.factory, {
      clock: this.clock,
      retryPolicy: () => 1,
      prepareConnection: this.factory.prepare,
      ...serviceOptions,
    });
    this.service.startService();
  }

  /** Connects, and answers HELLO. */
  connect(): void {
    this.endpoint.attempt().succeed();
    this.endpoint.pump.flush();
    assertEquals(this.received().startsWith("*2\r\n$5\r\nHELLO"), true);
    this.send("%1\r\n+proto\r\n:3\r\n");
  }

  /** Loses the connection, and starts the next attempt. */
  lose(): void {
    this.endpoint.attempt().lose();
    this.clock.advance(1);
  }

  get #peer(): TestPeer {
    const { peer } = this.endpoint.attempt();
    assert(peer !== null);
    return peer;
  }

  received(): string {
    this.endpoint.pump.flush();
    return this.#peer.take();
  }

  send(text: string): void {
    this.#peer.send(text);
    this.endpoint.pump.flush();
  }

  push(...values: (string | number)[]): void {
    const encoder = new RESPEncoder(3);
    encoder.push(values);
    this.send(new TextDecoder().decode(encoder.take()));
  }

  [Symbol.dispose](): void {
    this.service.stopService();
    this.endpoint.pump.flush();
    for (const attempt of this.endpoint.attempts) attempt.lose();
    assertEquals(this.clock.getDelayedCalls(), []);
  }
}

cleanTest("RESPClientFactory subscribes again on each new connection", () => {
  using fixture = new ServiceFixture();
  const { texts, message } = collector();
  let resubscribed = 0;
  const subscribing: Deferred<Subscription> = fixture.factory.subscribe("news", {
    message,
    resubscribed: () => resubscribed++,
  });
  fixture.connect();
  assertEquals(fixture.received(), command("subscribe", "news"));
  fixture.push("subscribe", "news", 1);
  const subscription = successResultOf(subscribing);
  fixture.push("message", "news", "one");
  fixture.lose();
  const connected = fixture.service.whenConnected();
  fixture.connect();
  assertEquals(fixture.received(), command("subscribe", "news"));
  assertNoResult(connected);
  fixture.push("subscribe", "news", 1);
  assertInstanceOf(successResultOf(connected), RESPClient);
  fixture.push("message", "news", "two");
  assertEquals([texts, resubscribed], [["/news/one", "/news/two"], 1]);
  subscription.close();
  assertEquals(fixture.received(), command("unsubscribe", "news"));
  fixture.lose();
  fixture.connect();
  assertEquals(fixture.received(), "");
});

cleanTest("RESPClientFactory.subscribe() uses a connection that is open already", () => {
  using fixture = new ServiceFixture();
  fixture.connect();
  const subscribing = fixture.factory.psubscribe("n*", { message: () => {} });
  assertEquals(fixture.received(), command("psubscribe", "n*"));
  fixture.push("psubscribe", "n*", 1);
  successResultOf(subscribing).close();
  const shard = fixture.factory.ssubscribe("s");
  fixture.push("punsubscribe", "n*", 0);
  fixture.push("ssubscribe", "s", 1);
  successResultOf(shard).close();
});

cleanTest("RESPClient.subscribe() that waits in the queue fails with sent: false", () => {
  using fixture = new Fixture(3, { maxInFlight: 1 });
  const { client } = fixture;
  const blocking = client.command(["GET", "a"]);
  const timingOut = client.subscribe("late", { timeout: 1 });
  const cancelled = client.subscribe("cancelled");
  const kept = client.subscribe("kept");
  fixture.pair.clock.advance(1);
  const error = failureResultOf(timingOut, RequestTimeout);
  assertEquals(error.sent, false);
  assertEquals(
    error.message,
    'Cannot send the subscription to the channel "late" within 1 s: ' +
      "earlier commands have not been answered",
  );
  cancelled.cancel();
  assertEquals(failureResultOf(cancelled, RequestCancelled).sent, false);
  fixture.send("+1\r\n");
  successResultOf(blocking);
  // What was reported as not sent is not sent later either.
  assertEquals(fixture.received(), command("GET", "a") + command("subscribe", "kept"));
  fixture.push("subscribe", "kept", 1);
  successResultOf(kept);
  assert(fixture.subscribe("late").isOpen);
});

cleanTest("RESPClient.subscribe() for which there is no place in the queue sends nothing", () => {
  using fixture = new Fixture(3, { maxInFlight: 1, maxWaiting: 0 });
  const blocking = fixture.client.command(["GET", "a"]);
  assertEquals(failureResultOf(fixture.client.subscribe("a"), RequestQueueFull).sent, false);
  fixture.send("+1\r\n");
  successResultOf(blocking);
  assertEquals(fixture.received(), command("GET", "a"));
  assert(fixture.subscribe("a").isOpen);
});

cleanTest("RESPClient.subscribe() says at the loss of the connection what was sent", () => {
  using fixture = new Fixture(3, { maxInFlight: 1 });
  const [sent, waiting] = ["a", "b"].map((name) => fixture.client.subscribe(name));
  assert(sent && waiting);
  fixture.pair.clientTransport.abortConnection();
  fixture.pair.pump.flush();
  assertEquals(failureResultOf(sent, RequestLost).sent, true);
  assertEquals(failureResultOf(waiting, RequestLost).sent, false);
});

cleanTest("Subscription.unsubscribe() that waits in the queue fails with sent: false", () => {
  using fixture = new Fixture(3, { maxInFlight: 1 });
  const subscription = fixture.subscribe("news");
  const blocking = fixture.client.command(["GET", "a"]);
  fixture.received();
  const ending = subscription.unsubscribe({ timeout: 1 });
  fixture.pair.clock.advance(1);
  const error = failureResultOf(ending, RequestTimeout);
  assertEquals(error.sent, false);
  assertEquals(
    error.message,
    'Cannot send the end of the subscription to the channel "news" within 1 s: ' +
      "earlier commands have not been answered",
  );
  fixture.send("+1\r\n");
  successResultOf(blocking);
  assertEquals(fixture.received(), command("unsubscribe", "news"));
});

cleanTest("RESPClient.prepare() succeeds when a subscription is closed before it is sent", () => {
  const clock = new Clock();
  const client = new RESPClient({ clock, version: 2, password: "x", maxInFlight: 1 });
  const [kept, closed] = ["kept", "closed"].map((name) => client.subscribe(name));
  assert(kept && closed);
  using pair = connectedServerAndClient(TestPeer, client, { clock });
  const ready = client.prepare();
  pair.server.send("+OK\r\n");
  pair.pump.flush();
  closed.cancel();
  assertEquals(failureResultOf(closed, RequestCancelled).sent, false);
  pair.server.send("*3\r\n$9\r\nsubscribe\r\n$4\r\nkept\r\n:1\r\n");
  pair.pump.flush();
  successResultOf(ready);
  successResultOf(kept);
  assertEquals(pair.server.take(), command("AUTH", "x") + command("subscribe", "kept"));
});

cleanTest("RESPClientFactory ends a refused subscription, and continues", () => {
  using fixture = new ServiceFixture();
  const refused = fixture.factory.subscribe("secret");
  const other = fixture.factory.subscribe("news");
  fixture.connect();
  fixture.send("-NOPERM no permission\r\n");
  fixture.push("subscribe", "news", 1);
  assertEquals(failureResultOf(refused, RESPError).code, "NOPERM");
  successResultOf(other);
  successResultOf(fixture.service.whenConnected());
});

cleanTest(
  "RESPClientFactory keeps subscriptions whose connection is lost before they are confirmed",
  () => {
    using fixture = new ServiceFixture();
    const subscribing = fixture.factory.subscribe("news");
    fixture.connect();
    fixture.lose();
    assertNoResult(subscribing);
    fixture.connect();
    fixture.push("subscribe", "news", 1);
    successResultOf(subscribing);
  },
);

cleanTest("RESPClientFactory.subscribe() waits for a connection until its timeout", () => {
  const clock = new Clock();
  const factory = new RESPClientFactory({ clock, timeout: 3 });
  const byDefault = factory.subscribe("a");
  const patient = factory.subscribe("b", { timeout: Infinity });
  assertThrows(() => factory.subscribe("c", { timeout: NaN }), RangeError, "timeout");
  clock.advance(3);
  const error = failureResultOf(byDefault, RequestTimeout);
  assertEquals(error.sent, false);
  assertEquals(
    error.message,
    'Cannot send the subscription to the channel "a" within 3 s: no connection is prepared',
  );
  assertNoResult(patient);
  patient.cancel();
  failureResultOf(patient, RequestCancelled);
});

cleanTest("RESPClient.prepare() fails if a subscription is not confirmed in time", () => {
  const clock = new Clock();
  const client = new RESPClient({ clock, version: 2, password: "x", timeout: 3 });
  const subscribing = client.subscribe("news", { timeout: 60 });
  using pair = connectedServerAndClient(TestPeer, client, { clock });
  const ready = client.prepare();
  pair.server.send("+OK\r\n");
  pair.pump.flush();
  clock.advance(3);
  failureResultOf(ready, TimeoutError);
  assertNoResult(subscribing);
  pair.clientTransport.abortConnection();
  pair.pump.flush();
  failureResultOf(subscribing);
});

cleanTest("RESPClientFactory keeps subscriptions when an attempt times out", () => {
  using fixture = new ServiceFixture({}, { attemptTimeout: 5 });
  const subscribing = fixture.factory.subscribe("news", { message: () => {} });
  fixture.connect();
  fixture.push("subscribe", "news", 1);
  const subscription = successResultOf(subscribing);
  fixture.lose();
  fixture.connect();
  fixture.clock.advance(5);
  assertEquals(subscription.isOpen, true);
  fixture.lose();
  fixture.connect();
  assertEquals(fixture.received(), command("subscribe", "news"));
  subscription.close();
});

cleanTest("RESPClientFactory sends no command of a lost connection again", () => {
  using fixture = new ServiceFixture();
  fixture.connect();
  const reply = fixture.service.request((client) => client.command(["INCR", "n"]));
  assertEquals(fixture.received(), command("INCR", "n"));
  fixture.lose();
  assertEquals(failureResultOf(reply, RequestLost).sent, true);
  fixture.connect();
  assertEquals(fixture.received(), "");
});

Deno.test("RESPClientFactory() rejects options that are out of range", () => {
  const options = { clock: new Clock(), username: "ada" };
  assertThrows(() => new RESPClientFactory(options), TypeError, "no password");
  const wrong = { clock: new Clock(), maxInFlight: 0 };
  assertThrows(() => new RESPClientFactory(wrong), RangeError, "maxInFlight");
});
