/**
 * A TLS client that trusts the system's roots. Its arguments are a port of this host, and whom to expect there; it prints `connected`, or
 * the code of the failure.
 *
 * @module
 */

import { ClientFactory, Protocol, reactor } from "@torsion/reactor";

const [port, serverName = "localhost"] = Deno.args;

class Once extends Protocol {
  override connectionMade(): void {
    console.log("connected");
    this.transport.abortConnection();
  }
}

const factory = Object.assign(ClientFactory.forProtocol(Once), {
  clientConnectionFailed: (_connector: unknown, reason: Error & { code?: string }) => {
    console.log(reason.code);
    reactor.stop();
  },
  clientConnectionLost: () => reactor.stop(),
});

reactor.connectTLS("127.0.0.1", Number(port), factory, { serverName });
await reactor.run();
