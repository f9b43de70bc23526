// Tests the chat of chat.ts in a simulated network: people on hosts of their own, a partition, and
// a crash of the server. No real network is used, and an hour takes milliseconds.

import { assertEquals } from "@std/assert";
import {
  backoffPolicy,
  ClientService,
  Deferred,
  Factory,
  Heartbeat,
  type IReactorTime,
  LineReceiver,
  startApplication,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import { simulate, type SimulatedNetwork } from "@torsion/reactor/testing";
import { ChatFactory } from "./chat.ts";

/** A person's connection to the chat. */
class Person extends LineReceiver {
  override delimiter = "\n";
  /** Fires when the person is in the room. */
  readonly entered = new Deferred<void>();
  #heartbeat: Heartbeat | null = null;
  #namesTried = 0;

  constructor(readonly clock: IReactorTime, readonly name: string, readonly read: string[]) {
    super();
  }

  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    super.dataReceived(data);
  }

  override textReceived(line: string): void {
    if (line.startsWith("Welcome")) this.#enter();
    else if (this.entered.called) this.read.push(line);
    // The server may not know yet that this person's last connection is dead, and so keep the name.
    else this.sendLine(this.name + (this.#namesTried++ || ""));
  }

  override connectionLost(): void {
    this.#heartbeat?.stop();
  }

  #enter(): void {
    // A server that has lost its power closes nothing: only an unanswered question shows it.
    const options = { interval: 3, send: () => this.sendLine("/who") };
    this.#heartbeat = new Heartbeat(this.clock, this.transport, options);
    this.#heartbeat.start();
    this.entered.callback();
  }
}

function addServer(network: SimulatedNetwork): void {
  // The program of a host. It runs at the start, and again when the host restarts after a crash.
  network.addHost("server", ({ reactor }) => {
    new TCP4ServerEndpoint(reactor, 2000).listen(new ChatFactory());
  });
}

/** Adds a host with a person. Returns the lines that the person reads, and a function to speak. */
function addPerson(network: SimulatedNetwork, name: string) {
  const read: string[] = [];
  let say = (_line: string) => {};
  network.addHost(name, ({ reactor, random }) => {
    const server = new TCP4ClientEndpoint(reactor, network.addressOf("server"), 2000);
    const person = Factory.forProtocol(() => new Person(reactor, name, read));
    const client = new ClientService(server, person, {
      clock: reactor,
      attemptTimeout: 5,
      prepareConnection: (person) => person.entered,
      retryPolicy: backoffPolicy({ maxDelay: 5, jitter: random.fraction }),
    });
    startApplication(reactor, client);
    say = (line) =>
      void client.whenConnected({ timeout: 1 })
        .addCallbacks((person) => person.sendLine(line), () => {});
  });
  return { name, read, say: (line: string) => say(line) };
}

Deno.test("chat.ts delivers a line after a partition, and works after a crash of the server", async () => {
  await simulate("a short chat", async (network) => {
    addServer(network);
    const [ann, bob] = [addPerson(network, "ann"), addPerson(network, "bob")];
    const reads = (line: string, within: number) =>
      network.eventually(within, `Bob reads "${line}"`, () => bob.read.includes(`<ann> ${line}`));
    await network.eventually(10, "both are in the room", () => ann.read.includes("* bob has come"));
    ann.say("hello");
    await reads("hello", 1);

    const partition = network.partition(["bob"]);
    ann.say("are you there?");
    await network.sleep(2);
    assertEquals(bob.read, ["<ann> hello"]);
    partition[Symbol.dispose]();
    await reads("are you there?", 5); // TCP has kept the line, and sends it again

    network.host("server").crash();
    await network.sleep(1);
    network.host("server").restart();
    await network.sleep(20); // the heartbeats find out, and both come again
    ann.say("who was that?");
    await reads("who was that?", 1);
    await network.shutDown();
  }, { faults: {} });
});
