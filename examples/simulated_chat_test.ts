// Tests the chat of chat.ts in a simulated network: each person has a host, the network is cut, and
// the server crashes. No real network is used, and a minute takes milliseconds.

import { assertEquals } from "@std/assert";
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
import { explore, simulate, type SimulatedNetwork } from "@torsion/reactor/testing";
import { ChatFactory } from "./chat.ts";

/** A person, who stays the same while connections come and go. */
class Person {
  readonly read: string[] = [];
  /** The last connection that has entered the room. */
  terminal: Terminal | null = null;

  constructor(readonly network: SimulatedNetwork, readonly name: string) {
    // The function is the program of the host. It starts again after each crash.
    network.addHost(name, ({ reactor }) => {
      const server = new TCP4ClientEndpoint(reactor, network.addressOf("server"), 2000);
      const terminals = Factory.forProtocol(() => new Terminal(this, reactor));
      const options = { clock: reactor, attemptTimeout: 5, retryPolicy: () => 1 };
      startApplication(reactor, new ClientService(server, terminals, options));
    });
  }

  say(line: string): void {
    // A timed call runs in the process of the host: not while it is paused, nor after its crash.
    const { reactor } = this.network.host(this.name);
    reactor.callLater(0, () => this.terminal?.sendLine(line));
  }

  /** Waits until the person reads a line that ends with a text. */
  reads(text: string): PromiseLike<void> {
    const isRead = () => this.read.at(-1)?.endsWith(text) ?? false;
    return this.network.eventually(10, `${this.name} reads "${text}"`, isRead);
  }
}

/** A person's connection to the chat. */
class Terminal extends LineReceiver {
  override delimiter = "\n";
  #heartbeat: Heartbeat | null = null;
  #namesTried = 0;

  constructor(readonly person: Person, readonly clock: IReactorTime) {
    super();
  }

  override connectionMade(): void {
    // A server that has lost its power closes nothing: only an unanswered question shows it.
    const send = () => this.person.say("/who");
    this.#heartbeat = new Heartbeat(this.clock, this.transport, { interval: 3, send });
    this.#heartbeat.start();
  }

  override textReceived(line: string): void {
    this.#heartbeat?.alive();
    if (this.person.terminal === this) this.person.read.push(line);
    else if (line.startsWith("Welcome")) this.person.terminal = this;
    // The server keeps a name until it knows that the person's last connection is dead.
    else this.sendLine(this.person.name + (this.#namesTried++ || ""));
  }

  override connectionLost(): void {
    this.#heartbeat?.stop();
  }
}

function addServer(network: SimulatedNetwork): void {
  network.addHost("server", ({ reactor }) => {
    new TCP4ServerEndpoint(reactor, 2000).listen(new ChatFactory());
  });
}

Deno.test("chat.ts delivers lines after a partition, and after a crash of the server", async () => {
  await simulate("a short chat", async (network) => {
    addServer(network);
    const [ann, bob] = [new Person(network, "ann"), new Person(network, "bob")];
    await ann.reads("bob has come");
    ann.say("hello");
    await bob.reads("<ann> hello");

    const partition = network.partition(["bob"]);
    ann.say("are you there?");
    await network.sleep(2);
    assertEquals(bob.read.at(-1), "<ann> hello");
    partition[Symbol.dispose]();
    await bob.reads("<ann> are you there?"); // TCP has kept the line, and sends it again

    network.host("server").crash();
    network.host("server").restart();
    await network.sleep(15); // the heartbeats find out, and both come again
    ann.say("who was that?");
    await bob.reads("<ann> who was that?");
    await network.shutDown();
  }, { faults: {} });
});

async function talkForAMinute(network: SimulatedNetwork): Promise<void> {
  addServer(network);
  const [ann, bob] = [new Person(network, "ann"), new Person(network, "bob")];
  for (let second = 0; second < 60; second++) {
    ann.say(`It is second ${second}.`);
    await network.sleep(1);
  }
  network.heal();
  await network.sleep(20); // the heartbeats find out, and both come again
  ann.say("It is over.");
  await bob.reads("It is over.");
  const lines = bob.read.filter((line) => line.includes("It is"));
  assertEquals(lines, [...new Set(lines)]);
  network.sometimes("a line is lost", lines.length < 61);
  await network.shutDown();
}

Deno.test("chat.ts delivers no line twice, with the partitions, crashes and resets of 50 seeds", async () => {
  await explore({ scenario: talkForAMinute, sometimes: ["a line is lost"], seeds: 50 });
});
