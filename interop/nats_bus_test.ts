// Tests the bus of examples/cluster_chat/ with a real NATS, also one that has lost its messages.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connectProtocol, log, TCP4ClientEndpoint } from "@torsion/reactor";
import { BrokerBus } from "../examples/cluster_chat/broker_bus.ts";
import {
  KEPT,
  MAX_TEXT,
  type Message,
  NotPublished,
  type Subscriber,
} from "../examples/cluster_chat/bus.ts";
import { NATSLink } from "../examples/cluster_chat/nats_link.ts";
import { NATSTransport } from "../examples/cluster_chat/nats_transport.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { freePort } from "./proxy.ts";
import { type InteropFixture, interopTest, NATS_SERVER } from "./tool.ts";

const test = interopTest(NATS_SERVER);

/** A node without people: records the events of its bus. */
class Node implements Subscriber {
  readonly texts: string[] = [];
  readonly numbers: number[] = [];
  readonly restorations: boolean[] = [];
  readonly bus: BrokerBus;
  #waiting: { condition: () => boolean; fire: () => void }[] = [];

  constructor(fixture: InteropFixture, port: number) {
    const { reactor } = fixture;
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port);
    const random = () => 0; // connects again as soon as possible
    this.bus = new BrokerBus(reactor, endpoint, (_, lost) => new NATSLink(lost), this, random);
    this.bus.startService();
    fixture.after(() => this.bus.stopService());
  }

  received({ number, text }: Message): void {
    this.texts.push(text);
    this.numbers.push(number);
    this.#check();
  }

  cutOff(): void {}

  restored(isComplete: boolean): void {
    this.restorations.push(isComplete);
    this.#check();
  }

  /** Waits until the last text that the node has received is this one. */
  receives(text: string): Promise<void> {
    return this.#until(() => this.texts.at(-1) === text);
  }

  /** Waits until the bus has been restored a number of times. */
  isRestored(times: number): Promise<void> {
    return this.#until(() => this.restorations.length === times);
  }

  #until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ condition, fire: resolve });
    this.#check();
    return promise;
  }

  #check(): void {
    for (const { condition, fire } of this.#waiting) if (condition()) fire();
  }
}

/** Starts NATS, with the messages in a folder. */
async function startNATS(fixture: InteropFixture, port: number, folder: string): Promise<Program> {
  const args = ["--addr", "127.0.0.1", "--port", `${port}`, "--jetstream", "--store_dir", folder];
  const server = fixture.startAloud(...args);
  await server.line(/Server is ready/);
  return server;
}

/** Does something as the administrator of NATS. */
async function administer(
  { reactor }: InteropFixture,
  port: number,
  task: (manager: JetStreamManager) => Promise<unknown>,
): Promise<void> {
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port);
  const administrator = await connectProtocol(endpoint, new NATSTransport());
  const client = await administrator.startClient({});
  await task(await jetstreamManager(client));
  await client.close();
}

test("BrokerBus catches up with a NATS that was killed, and notices one that forgets", async (fixture) => {
  fixture.run();
  const port = freePort();
  const folder = fixture.folder();
  let server = await startNATS(fixture, port, folder);
  const restart = async (folder: string) => {
    server.send("SIGKILL");
    await server.end();
    server = await startNATS(fixture, port, folder);
  };
  const [ann, bob] = [new Node(fixture, port), new Node(fixture, port)];
  await Promise.all([ann.isRestored(1), bob.isRestored(1)]);
  for (const text of ["one", "two", "three"]) await ann.bus.publish(text);
  await bob.receives("three");

  await restart(folder);
  await Promise.all([ann.isRestored(2), bob.isRestored(2)]);
  await bob.bus.publish("four");
  await Promise.all([ann.receives("four"), bob.receives("four")]);
  // A node that starts now receives all.
  const cem = new Node(fixture, port);
  await cem.receives("four");
  for (const { texts, numbers, restorations } of [ann, bob, cem]) {
    assertEquals(texts, ["one", "two", "three", "four"]);
    assertEquals(numbers, numbers.map((_, i) => (numbers[0] ?? 0) + i));
    assert(restorations.every((isComplete) => isComplete));
  }

  await restart(fixture.folder());
  await Promise.all([ann.isRestored(3), bob.isRestored(3)]);
  const number = await ann.bus.publish("five");
  await bob.receives("five");
  assertEquals(bob.texts, ["one", "two", "three", "four", "five"]);
  assert(number > (bob.numbers.at(-2) ?? Infinity));
  assertEquals(bob.restorations, [true, true, false]);
});

test("BrokerBus notices that the messages were deleted, and passes on later ones", async (fixture) => {
  fixture.run();
  const port = freePort();
  await startNATS(fixture, port, fixture.folder());
  const ann = new Node(fixture, port);
  await ann.isRestored(1);
  await ann.bus.publish("one");
  await ann.receives("one");

  await administer(fixture, port, ({ streams }) => streams.delete("room"));
  await ann.isRestored(2);
  await ann.bus.publish("two");
  await ann.receives("two");
  assertEquals(ann.texts, ["one", "two"]);
  assertEquals(ann.restorations, [true, false]);
});

test("BrokerBus receives what NATS still has after a long absence, and notices the rest", async (fixture) => {
  fixture.run();
  const port = freePort();
  await startNATS(fixture, port, fixture.folder());
  const [ann, bob] = [new Node(fixture, port), new Node(fixture, port)];
  await Promise.all([ann.isRestored(1), bob.isRestored(1)]);
  await ann.bus.publish("first");
  await bob.receives("first");

  await bob.bus.stopService();
  // The node has missed as many messages as NATS keeps: all of them follow.
  const publish = (text: string) => ann.bus.publish(text);
  const texts = Array.from({ length: KEPT }, (_, i) => `message ${i}`);
  await Promise.all(texts.map(publish));
  bob.bus.startService();
  await bob.receives(texts.at(-1) ?? "");
  assertEquals(bob.texts, ["first", ...texts]);

  await bob.bus.stopService();
  const more = Array.from({ length: KEPT + 1 }, (_, i) => `another ${i}`);
  await Promise.all(more.map(publish));
  bob.bus.startService();
  await bob.receives(more.at(-1) ?? "");
  assertEquals(bob.texts, ["first", ...texts, ...more.slice(1)]);
  assertEquals(bob.restorations, [true, true, false]);
});

test("BrokerBus refuses a message that is longer than the max_payload of NATS", async (fixture) => {
  fixture.run();
  const port = freePort();
  const folder = fixture.folder();
  const config = `${folder}/nats.conf`;
  await Deno.writeTextFile(config, "max_payload: 512\n");
  const server = fixture.startAloud(
    ...["--addr", "127.0.0.1", "--port", `${port}`, "--jetstream", "--store_dir", folder],
    ...["--config", config],
  );
  await server.line(/Server is ready/);
  const ann = new Node(fixture, port);
  await ann.isRestored(1);
  using logs = log.capturedLogs();
  const error = await assertRejects(async () => await ann.bus.publish("x".repeat(513)));
  assert(error instanceof NotPublished && !error.isUncertain);
  assert(logs.some(({ message }) => message.includes("max_payload")));
  await ann.bus.publish("short");
  await ann.receives("short");
});

test("BrokerBus logs that a stream of NATS has other limits, and connects when it has gone", async (fixture) => {
  fixture.run();
  const port = freePort();
  await startNATS(fixture, port, fixture.folder());
  const stream = { name: "room", subjects: ["room"], max_msgs: 7 };
  await administer(fixture, port, ({ streams }) => streams.add(stream));
  const { promise: logged, resolve } = Promise.withResolvers<void>();
  using _observing = log.globalLogPublisher.addObserver(({ message }) => {
    if (message.includes('Cannot use the stream "room" of NATS')) resolve();
  });
  const ann = new Node(fixture, port);
  await logged;
  await administer(fixture, port, ({ streams }) => streams.delete("room"));
  await ann.isRestored(1);
});

test("BrokerBus makes NATS refuse a text that no node passes on", async (fixture) => {
  fixture.run();
  const port = freePort();
  await startNATS(fixture, port, fixture.folder());
  const ann = new Node(fixture, port);
  await ann.isRestored(1);
  const text = "x".repeat(3 * MAX_TEXT + 1);
  const error = await assertRejects(async () => await ann.bus.publish(text));
  assert(error instanceof NotPublished && !error.isUncertain);
  await ann.bus.publish("€".repeat(MAX_TEXT));
  await ann.receives("€".repeat(MAX_TEXT));
});
