// Tests the bus with a stand-in for the connection to a broker.

import { assert, assertEquals } from "@std/assert";
import { Clock, type Deferred, fail, log, Protocol, succeed } from "@torsion/reactor";
import { failureResultOf, ManualEndpoint, successResultOf } from "@torsion/reactor/testing";
import { BrokerBus, type Link, type MakeLink } from "./broker_bus.ts";
import { MAX_TEXT, type Message, NotPublished, type Subscriber } from "./bus.ts";

/** A connection whose broker answers when the test says so. */
class FakeLink extends Protocol implements Link {
  received: (message: Message) => void = () => {};
  readonly #lost: () => void;
  readonly #newest = Promise.withResolvers<number>();

  constructor(lost: () => void) {
    super();
    this.#lost = lost;
  }

  publish(text: string): Deferred<number> {
    const cause = new Error("out of memory");
    return text === "refused" ? fail(new NotPublished(false, { cause })) : succeed(7);
  }

  follow(_last: number, received: (message: Message) => void): Promise<number> {
    this.received = received;
    return this.#newest.promise;
  }

  caughtUp(newest: number): void {
    this.#newest.resolve(newest);
  }

  override connectionLost(): void {
    this.#lost();
  }
}

/** A bus with its events, and the connections that a test makes and loses. */
class Bench implements Subscriber, Disposable {
  readonly clock = new Clock();
  readonly endpoint = new ManualEndpoint();
  readonly links: FakeLink[] = [];
  readonly events: string[] = [];
  readonly bus: BrokerBus;

  constructor() {
    const makeLink: MakeLink = (_clock, lost) => {
      const link = new FakeLink(lost);
      this.links.push(link);
      return link;
    };
    this.bus = new BrokerBus(this.clock, this.endpoint, makeLink, this, () => 0);
    this.bus.startService();
  }

  received({ number, text }: Message): void {
    this.events.push(`${number} ${text}`);
  }

  cutOff(): void {
    this.events.push("cut off");
  }

  restored(isComplete: boolean, newest: number): void {
    this.events.push(`restored ${isComplete} ${newest}`);
  }

  /** Makes the next connection. */
  connect(): FakeLink {
    this.endpoint.attempt().succeed();
    const link = this.links.at(-1);
    assert(link !== undefined);
    return link;
  }

  [Symbol.dispose](): void {
    this.bus.stopService();
    this.endpoint[Symbol.dispose]();
  }
}

/** Lets the promises of the bus settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await null;
}

Deno.test("BrokerBus passes on missed messages once and in order, with those that come early", async () => {
  using bench = new Bench();
  const link = bench.connect();
  link.received({ number: 3, text: "early" });
  for (const number of [1, 2, 3]) link.received({ number, text: "missed" });
  assertEquals(bench.events, []);
  link.caughtUp(3);
  await settle();
  link.received({ number: 4, text: "late" });
  assertEquals(bench.events, ["restored true 3", "1 missed", "2 missed", "3 early", "4 late"]);
  assertEquals(successResultOf(bench.bus.publish("hello")), 7);
});

Deno.test("BrokerBus ignores a connection that is lost as soon as it has caught up", async () => {
  using bench = new Bench();
  const link = bench.connect();
  link.caughtUp(0);
  bench.endpoint.attempt().lose();
  await settle();
  assertEquals(bench.events, []);
  const error = failureResultOf(bench.bus.publish("hello"));
  assert(error instanceof NotPublished && !error.isUncertain);
  bench.clock.advance(1);
  bench.connect().caughtUp(0);
  await settle();
  assertEquals(bench.events, ["restored true 0"]);
});

Deno.test("BrokerBus passes on no message whose number is not the next, and connects again", async () => {
  using bench = new Bench();
  using logs = log.capturedLogs();
  const link = bench.connect();
  link.received({ number: 3, text: "missed" });
  link.caughtUp(3);
  await settle();
  link.received({ number: 999, text: "from a stranger" });
  assertEquals(bench.events, ["restored true 3", "3 missed", "cut off"]);
  assertEquals(logs[0]?.message.endsWith("Message 999 has come after message 3"), true);

  bench.endpoint.attempt().lose();
  bench.clock.advance(1);
  const next = bench.connect();
  next.received({ number: 4, text: "late" });
  next.caughtUp(4);
  await settle();
  assertEquals(bench.events.slice(3), ["restored true 4", "4 late"]);
});

Deno.test("BrokerBus ignores a text that is too long, and shows controls as escapes", async () => {
  using bench = new Bench();
  using logs = log.capturedLogs();
  const link = bench.connect();
  link.caughtUp(0);
  await settle();
  link.received({ number: 1, text: "x".repeat(MAX_TEXT + 1) });
  link.received({ number: 2, text: "two\n* Sent as 9: \x1b" });
  assertEquals(bench.events, ["restored true 0", "2 two\\n* Sent as 9: \\x1b"]);
  assertEquals(logs.map(({ message }) => message), [
    `Ignored message 1: it has ${MAX_TEXT + 1} characters, more than ${MAX_TEXT}`,
  ]);
});

Deno.test("BrokerBus logs once why the broker refuses messages", async () => {
  using bench = new Bench();
  using logs = log.capturedLogs();
  bench.connect().caughtUp(0);
  await settle();
  for (let i = 0; i < 2; i++) {
    assert(failureResultOf(bench.bus.publish("refused")) instanceof NotPublished);
  }
  assertEquals(logs.map(({ message }) => message), [
    "Cannot publish a message: refused (Error: out of memory); " +
    "later failures on this connection are not logged",
  ]);
});
