/**
 * Finger, step 3: a protocol that closes each connection as soon as it is made.
 *
 *     deno run --allow-net examples/finger/03_drop.ts
 *
 * Try it: `nc 127.0.0.1 1079` ends at once. Ctrl-C stops the server. Another port can be given as
 * an argument; 0 lets the system choose.
 */

import { Factory, log, Protocol, reactor, TCP4ServerEndpoint } from "@torsion/reactor";

class Finger extends Protocol {
  override connectionMade(): void {
    this.transport.loseConnection();
  }
}

const [port = "1079"] = Deno.args;

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(Factory.forProtocol(Finger));
await reactor.run();
