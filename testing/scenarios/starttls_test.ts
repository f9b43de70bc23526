import { assertEquals } from "@std/assert";
import { ClientFactory, Factory, LineReceiver, Protocol } from "../../protocol/mod.ts";
import { explore, simulate } from "../simulation/mod.ts";
import { scenario, states } from "./starttls.ts";

Deno.test("starttls keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});

/** Passes what has arrived after the command to the handshake. */
class Server extends LineReceiver {
  readonly #events: string[];

  constructor(events: string[]) {
    super();
    this.#events = events;
  }

  override textReceived(line: string): void {
    this.#events.push(line);
    this.transport.startTLS({ cert: "cert", key: "key", received: this.clearLineBuffer() });
    this.#events.push("startTLS() returns");
  }

  override connectionLost(reason: Error): void {
    this.#events.push(`lost: ${reason.name}`);
  }
}

/** Sends a command to start TLS, and plain text that an attacker has injected behind it. */
class Attacked extends Protocol {
  override connectionMade(): void {
    this.transport.write("STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n");
  }
}

Deno.test("startTLS() returns before its handshake with plain text is lost", async () => {
  const events: string[] = [];
  await simulate(1, async (network) => {
    network.addHost("server", ({ reactor }) => {
      reactor.listenTCP(25, Factory.forProtocol(() => new Server(events)));
    });
    const { reactor } = network.addHost("client");
    reactor.connectTCP(network.addressOf("server"), 25, ClientFactory.forProtocol(Attacked));
    await network.sleep(5);
    await network.shutDown();
  }, { script: [] });
  assertEquals(events, ["STARTTLS", "startTLS() returns", "lost: TLSError"]);
});
