/**
 * Hooks over real sockets. The other tables use pipes in memory; this sample checks that there is
 * no difference.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import { testCertificates } from "../fixtures/certificates.ts";
import { portOf } from "../fixtures/tcp_fixture.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import type { IListeningPort } from "../../reactor/interfaces/mod.ts";
import type { Case, Hook } from "./hook.ts";

/** Serves one client, which sends, and closes when the server closes or answers. */
async function serve(
  test: Case,
  server: Protocol,
  listen: (reactor: DenoReactor, factory: Factory) => IListeningPort,
  connect: (reactor: DenoReactor, port: number, factory: ClientFactory) => void,
): Promise<void> {
  const reactor = new DenoReactor();
  let losses = 0;
  const lost = server.connectionLost;
  server.connectionLost = (reason) => {
    losses++;
    return lost.call(server, reason);
  };
  const factory = Object.assign(new Factory<Protocol>(), { buildProtocol: () => server });
  const port = listen(reactor, factory);
  class Client extends Protocol {
    override connectionMade(): void {
      this.transport.write("hello");
      // The client leaves a server that continues without an answer.
      if (!test.wrong.fails) this.transport.loseConnection();
    }
  }
  const clients = ClientFactory.forProtocol(Client);
  const over = (): void => reactor.stop();
  Object.assign(clients, { clientConnectionLost: over, clientConnectionFailed: over });
  connect(reactor, portOf(port.getHost()), clients);
  await reactor.run({ installSignalHandlers: false });
  assertEquals(losses, server.connected ? 1 : 0, "connectionLost was not called exactly once");
}

const overTCP = (test: Case, server: Protocol): Promise<void> =>
  serve(
    test,
    server,
    (reactor, factory) => reactor.listenTCP(0, factory, { interface: "127.0.0.1" }),
    (reactor, port, factory) => void reactor.connectTCP("127.0.0.1", port, factory),
  );

/** Serves over TLS, with a certificate option that fails. */
async function overTLS(test: Case): Promise<void> {
  const { authority } = await testCertificates();
  await serve(
    test,
    new Protocol(),
    (reactor, factory) =>
      reactor.listenTLS(0, factory, {
        interface: "127.0.0.1",
        certificates: test.act,
        handshakeTimeout: 0.05,
      }),
    (reactor, port, factory) =>
      void reactor.connectTLS("127.0.0.1", port, factory, {
        caCerts: [authority.cert],
        serverName: "localhost",
      }),
  );
}

export const SOCKET_HOOKS: readonly Hook[] = [
  {
    name: "dataReceived",
    where: "over TCP",
    documented: [],
    run: (test) => overTCP(test, Object.assign(new Protocol(), { dataReceived: test.act })),
  },
  {
    name: "makeConnection",
    where: "over TCP",
    documented: [],
    run: (test) => overTCP(test, Object.assign(new Protocol(), { connectionMade: test.act })),
  },
  { name: "certificates", where: "over TLS", documented: [], run: overTLS },
];
