import { assertEquals } from "@std/assert";
import { ClientFactory, Factory, LineReceiver, Protocol } from "../../protocol/mod.ts";
import { explore, simulate, type SimulatedHost } from "../simulation/mod.ts";
import { scenario, states } from "./line_framing.ts";

Deno.test("lineFraming keeps its invariants with 100 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 100 });
});

/** Pauses after each line, and fails with the second one while a timed call resumes it. */
class Failing extends LineReceiver {
  readonly #host: SimulatedHost;
  readonly #events: string[];

  constructor(host: SimulatedHost, events: string[]) {
    super();
    this.#host = host;
    this.#events = events;
  }

  override textReceived(line: string): void {
    this.#events.push(line);
    if (line === "two") throw new RangeError("Planned error");
    this.pauseProducing();
    this.#host.reactor.callLater(1, () => this.resumeProducing());
  }

  override connectionLost(reason: Error): void {
    this.#events.push(`lost: ${reason.cause}`);
  }
}

/** Sends three lines in one segment, and waits. */
class ThreeLines extends Protocol {
  override connectionMade(): void {
    this.transport.write("one\r\ntwo\r\nthree\r\n");
  }
}

Deno.test("LineReceiver.resumeProducing() aborts if a held line fails in a timed call", async () => {
  const events: string[] = [];
  await simulate(1, async (network) => {
    network.allowErrors((error) => error instanceof RangeError);
    network.addHost("server", (host) => {
      host.reactor.listenTCP(2000, Factory.forProtocol(() => new Failing(host, events)));
    });
    const { reactor } = network.addHost("client");
    reactor.connectTCP(network.addressOf("server"), 2000, ClientFactory.forProtocol(ThreeLines));
    await network.sleep(10);
    await network.shutDown();
  }, { script: [] });
  assertEquals(events, ["one", "two", "lost: RangeError: Planned error"]);
});
