import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import { explore, simulate } from "../simulation/mod.ts";
import { scenario, states } from "./drain.ts";

Deno.test("drain keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});

/** Closes the connection at once. */
class Closing extends Protocol {
  override connectionMade(): void {
    this.transport.loseConnection();
  }
}

// The simulated network takes the last bytes within the call that closes the connection.
Deno.test("A TLS connection that closes at once leaves no linger timeout", async () => {
  await simulate(1, async (network) => {
    const server = network.addHost("server", ({ reactor }) => {
      reactor.listenTLS(2000, Factory.forProtocol(Closing), { cert: "cert", key: "key" });
    });
    const client = network.addHost("client");
    client.reactor.connectTLS(
      network.addressOf("server"),
      2000,
      ClientFactory.forProtocol(Protocol),
    );
    await network.sleep(5);
    for (const { name, reactor } of [server, client]) {
      const calls = reactor.getDelayedCalls();
      if (calls.length > 0) network.fail(`${name} has the timed calls ${calls.join(", ")}`);
    }
    await network.shutDown();
  }, { script: [] });
});
