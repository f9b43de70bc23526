// Tests the nodes of cluster_chat/ in a simulated network: a node is cut off from Redis, and hosts
// crash. No real network is used. A stand-in for Redis knows the commands of redis_link.ts.

import { assert, assertEquals } from "@std/assert";
import {
  ClientService,
  Factory,
  Heartbeat,
  type IReactorTime,
  LineReceiver,
  startApplication,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import {
  CommandTable,
  PushReply,
  type RESPOutput,
  RESPServerProtocol,
} from "@torsion/reactor/resp";
import { explore, simulate, type SimulatedNetwork } from "@torsion/reactor/testing";
import { BrokerBus, type MakeLink } from "./cluster_chat/broker_bus.ts";
import { KEPT } from "./cluster_chat/bus.ts";
import { RedisLink } from "./cluster_chat/redis_link.ts";
import { ChatFactory, Room } from "./cluster_chat/room.ts";

const CUT_OFF = "* The room is cut off. Nothing is sent until it is back.";
const BACK = "* The room is back.";
const INCOMPLETE = "* Some messages are missing.";

/** The connection of a node to the stand-in for Redis. */
class RedisConnection extends RESPServerProtocol {
  readonly #subscribers: Set<RedisConnection>;

  constructor(commands: CommandTable<RedisConnection>, subscribers: Set<RedisConnection>) {
    super(commands);
    this.#subscribers = subscribers;
  }

  subscribe(channel: string): RESPOutput[] {
    this.#subscribers.add(this);
    return ["subscribe", channel, 1];
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.#subscribers.delete(this);
  }
}

/** Adds a host with a stand-in for Redis, which keeps its messages in spite of crashes. */
function addRedis(network: SimulatedNetwork): string[] {
  const lines: string[] = [];
  network.addHost("redis", ({ reactor }) => {
    const subscribers = new Set<RedisConnection>();
    const commands = new CommandTable<RedisConnection>({
      PING: { arity: -1, run: () => "PONG" },
      SUBSCRIBE: {
        arity: 2,
        run: (command, client) => new PushReply([client.subscribe(command.text(0))]),
      },
      LRANGE: { arity: 4, run: () => lines.slice(-KEPT) },
      EVAL: {
        arity: 7,
        run: (command) => {
          const number = lines.length + 1;
          lines.push(`${number} ${command.text(5)}`);
          for (const each of subscribers) {
            each.push(["message", command.text(4), lines.at(-1) ?? ""]);
          }
          return number;
        },
      },
    });
    const factory = Factory.forProtocol(() => new RedisConnection(commands, subscribers));
    new TCP4ServerEndpoint(reactor, 6379).listen(factory);
  });
  return lines;
}

function addNode(network: SimulatedNetwork, name: string): void {
  network.addHost(name, ({ reactor, random }) => {
    const room = new Room(KEPT);
    const redis = new TCP4ClientEndpoint(reactor, network.addressOf("redis"), 6379);
    const makeLink: MakeLink = (clock, lost) => new RedisLink(clock, lost);
    const bus = new BrokerBus(reactor, redis, makeLink, room, random.fraction);
    startApplication(reactor, bus);
    new TCP4ServerEndpoint(reactor, 2000).listen(new ChatFactory(room, bus));
  });
}

/** A person, who stays the same while connections to one node come and go. */
class Person {
  readonly read: string[] = [];
  readonly notices: string[] = [];
  /** The numbered messages that were acknowledged to this person. */
  readonly sent: string[] = [];
  /** The number of the last message. */
  last = 0;
  terminal: Terminal | null = null;

  constructor(readonly network: SimulatedNetwork, readonly name: string, node: string) {
    network.addHost(name, ({ reactor }) => {
      const server = new TCP4ClientEndpoint(reactor, network.addressOf(node), 2000);
      const terminals = Factory.forProtocol(() => new Terminal(this, reactor));
      const options = { clock: reactor, attemptTimeout: 5, retryPolicy: () => 1 };
      startApplication(reactor, new ClientService(server, terminals, options));
    });
  }

  say(line: string): void {
    const { reactor } = this.network.host(this.name);
    reactor.callLater(0, () => this.terminal?.sendLine(line));
  }

  /** Waits until the person reads a notice of the node. */
  notes(notice: string): PromiseLike<void> {
    const isNoted = () => this.notices.at(-1) === notice;
    return this.network.eventually(20, `${this.name} reads "${notice}"`, isNoted);
  }

  /** Waits until the last message ends with a text. */
  reads(text: string): PromiseLike<void> {
    const isRead = () => this.read.at(-1)?.endsWith(text) ?? false;
    return this.network.eventually(20, `${this.name} reads "${text}"`, isRead);
  }
}

/** A person's connection to a node. */
class Terminal extends LineReceiver {
  override delimiter = "\n";
  #heartbeat: Heartbeat | null = null;

  constructor(readonly person: Person, readonly clock: IReactorTime) {
    super();
  }

  override connectionMade(): void {
    // A node that has lost its power closes nothing: only an unanswered question shows it.
    const send = () => this.sendLine("/newest");
    this.#heartbeat = new Heartbeat(this.clock, this.transport, { interval: 3, send });
  }

  override textReceived(line: string): void {
    this.#heartbeat?.alive();
    const { person } = this;
    const [, number, text = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (number !== undefined) {
      assert(Number(number) > person.last, `${person.name} reads ${line} after ${person.last}`);
      person.last = Number(number);
      person.read.push(`${number} ${text}`);
    } else if (line === "What's your name?") this.sendLine(`${person.name} ${person.last}`);
    else if (line.startsWith("Welcome, ")) {
      person.terminal = this;
      this.#heartbeat?.start();
    } else if (line.startsWith("* Sent as ")) {
      const [, number, text] = /^\* Sent as (\d+): (.*)$/.exec(line) ?? [];
      person.sent.push(`${number} <${person.name}> ${text}`);
    } else if (!line.startsWith("* Number ")) {
      person.notices.push(line);
      // The numbers of lost messages are used again.
      if (line === INCOMPLETE) person.last = 0;
    }
  }

  override connectionLost(): void {
    this.#heartbeat?.stop();
  }
}

/** Adds Redis, two nodes, and a person on each. Returns Redis's messages and the people. */
function addAll(network: SimulatedNetwork): [string[], Person, Person] {
  const lines = addRedis(network);
  for (const name of ["n1", "n2"]) addNode(network, name);
  return [lines, new Person(network, "ann", "n1"), new Person(network, "bob", "n2")];
}

Deno.test("BrokerBus refuses messages in a partition, and catches up after it", async () => {
  await simulate("a node is cut off", async (network) => {
    const [lines, ann, bob] = addAll(network);
    await network.eventually(10, "both are there", () => !!ann.terminal && !!bob.terminal);
    await network.sleep(2);
    ann.say("one");
    await bob.reads("<ann> one");

    const partition = network.partition(["n2"], ["redis"]);
    bob.say("two"); // Redis does not receive it, and the node cannot know
    ann.say("three");
    await ann.reads("<ann> three");
    await bob.notes(CUT_OFF);
    assertEquals(bob.notices.includes("* Perhaps sent: two"), true);
    bob.say("four");
    await bob.notes("* Not sent: four");

    partition[Symbol.dispose]();
    await bob.notes(BACK);
    await bob.reads("<ann> three");
    bob.say("five");
    await ann.reads("<bob> five");
    await bob.reads("<bob> five");
    assertEquals(lines, ["1 <ann> one", "2 <ann> three", "3 <bob> five"]);
    await network.shutDown();
  }, { faults: {} });
});

Deno.test("BrokerBus tells people that Redis has lost messages, and passes on later ones", async () => {
  await simulate("Redis forgets", async (network) => {
    const [lines, ann, bob] = addAll(network);
    await network.eventually(10, "both are there", () => !!ann.terminal && !!bob.terminal);
    await network.sleep(2);
    for (const text of ["one", "two", "three"]) ann.say(text);
    await bob.reads("<ann> three");

    lines.splice(1);
    network.host("redis").crash();
    network.host("redis").restart();
    await ann.notes(INCOMPLETE);
    await bob.notes(INCOMPLETE);
    ann.say("four");
    await ann.reads("2 <ann> four");
    await bob.reads("2 <ann> four");
    assertEquals(bob.read, ["1 <ann> one", "2 <ann> two", "3 <ann> three", "2 <ann> four"]);
    await network.shutDown();
  }, { faults: {} });
});

async function talkForAMinute(network: SimulatedNetwork): Promise<void> {
  const [lines, ann, bob] = addAll(network);
  for (let second = 0; second < 60; second++) {
    ann.say(`It is second ${second}.`);
    bob.say(`Second ${second}, you say?`);
    await network.sleep(1);
  }
  network.heal();
  await network.sleep(30); // until all are connected again
  ann.say("It is over.");
  await ann.reads("It is over.");
  await bob.reads("It is over.");
  for (const person of [ann, bob]) {
    const missing = [...ann.sent, ...bob.sent].filter((line) => !person.read.includes(line));
    assertEquals(missing, []);
  }
  assertEquals(ann.read, lines);
  assertEquals(bob.read, lines);
  const notices = [...ann.notices, ...bob.notices];
  network.sometimes("a room is cut off", notices.includes(CUT_OFF));
  network.sometimes("a message is refused", notices.some((line) => line.startsWith("* Not sent")));
  await network.shutDown();
}

Deno.test("BrokerBus loses no acknowledged message, with the faults of 30 seeds", async () => {
  const sometimes = ["a room is cut off", "a message is refused"];
  await explore({ scenario: talkForAMinute, sometimes, seeds: 30 });
});
