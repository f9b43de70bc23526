/**
 * The first server: it sends a greeting to each client, and closes the connection.
 *
 *     deno run --allow-net examples/hello_server.ts
 *
 * Try it: `nc 127.0.0.1 2000` prints `Hello Twisted`; the server prints the client's address and
 * `New Connection`. Ctrl-C stops the server. Another port can be given as an argument; 0 lets the
 * system choose.
 */

import {
  type Address,
  log,
  Protocol,
  reactor,
  ServerFactory,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

class ServerProtocol extends Protocol {
  override connectionMade(): void {
    console.log("New Connection");
    this.transport.write("Hello Twisted");
    this.transport.loseConnection();
  }
}

class TutorialServerFactory extends ServerFactory {
  override buildProtocol(addr: Address): ServerProtocol {
    console.log(addr);
    return new ServerProtocol();
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000));
  endpoint.listen(new TutorialServerFactory()).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
