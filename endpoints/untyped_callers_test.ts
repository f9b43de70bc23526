import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import type {
  IClientFactory,
  IDatagramProtocol,
  IProcessProtocol,
  IProtocol,
} from "../reactor/interfaces/mod.ts";
import { DatagramProtocol, type Factory, ProcessProtocol, Protocol } from "../protocol/mod.ts";
import {
  AdoptedStreamServerEndpoint,
  ClientService,
  connectProtocol,
  HostnameEndpoint,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  ProcessEndpoint,
  SSL4ClientEndpoint,
  StandardIO,
  StandardIOEndpoint,
  StreamServerEndpointService,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  UNIXClientEndpoint,
  UNIXServerEndpoint,
  wrapClientTLS,
  wrapServerTLS,
} from "./mod.ts";

// A class in place of a factory or of an instance, which the types would reject.
const asFactory = Protocol as unknown as Factory & IClientFactory;
const reactor = new DenoReactor();
const tcp = new TCP4ClientEndpoint(reactor, "127.0.0.1", 9);
const tcpServer = new TCP4ServerEndpoint(reactor, 0, { interface: "127.0.0.1" });

Deno.test("IReactor methods throw for a class in place of an object", async () => {
  const { server } = await testCertificates();
  const calls: [string, () => unknown][] = [
    ["listenTCP", () => reactor.listenTCP(0, asFactory)],
    ["listenTLS", () => reactor.listenTLS(0, asFactory, server)],
    ["listenUNIX", () => reactor.listenUNIX("/nonexistent/socket", asFactory)],
    ["listenStandardIO", () => reactor.listenStandardIO(asFactory)],
    ["connectTCP", () => reactor.connectTCP("127.0.0.1", 9, asFactory)],
    ["connectTLS", () => reactor.connectTLS("127.0.0.1", 9, asFactory)],
    ["connectUNIX", () => reactor.connectUNIX("/nonexistent/socket", asFactory)],
    ["adoptStreamPort", () => reactor.adoptStreamPort(99, "INET", asFactory)],
    ["adoptStreamConnection", () => reactor.adoptStreamConnection(99, "INET", asFactory)],
    [
      "listenUDP",
      () => reactor.listenUDP(0, DatagramProtocol as unknown as IDatagramProtocol<never, never>),
    ],
    [
      "spawnProcess",
      () => reactor.spawnProcess(ProcessProtocol as unknown as IProcessProtocol, "true"),
    ],
    ["StandardIO", () => StandardIO(Protocol as unknown as IProtocol, { reactor })],
    ["ClientService", () => new ClientService(tcp, asFactory, { clock: reactor })],
    [
      "StreamServerEndpointService",
      () => new StreamServerEndpointService(tcpServer, asFactory),
    ],
  ];
  for (const [name, call] of calls) {
    assertThrows(call, TypeError, "must be an object with ", name);
  }
});

Deno.test("listen() and connect() of all endpoints reject a class in place of a factory", async () => {
  const clients: IStreamClientEndpoint[] = [
    tcp,
    new SSL4ClientEndpoint(reactor, "127.0.0.1", 9, {}),
    new UNIXClientEndpoint(reactor, "/nonexistent/socket"),
    new HostnameEndpoint(reactor, "localhost", 9),
    new ProcessEndpoint(reactor, "true"),
    wrapClientTLS({ serverName: "localhost" }, tcp),
  ];
  const servers: IStreamServerEndpoint[] = [
    tcpServer,
    new UNIXServerEndpoint(reactor, "/nonexistent/socket"),
    new StandardIOEndpoint(reactor),
    new AdoptedStreamServerEndpoint(reactor, 99, "INET"),
    wrapServerTLS({ cert: "", key: "" }, tcpServer),
  ];
  for (const endpoint of clients) {
    const refused = await assertRejects(() => endpoint.connect(asFactory).toPromise(), TypeError);
    assertEquals(refused.message.startsWith("Cannot connect: the factory must be"), true);
    await assertRejects(
      () => connectProtocol(endpoint, Protocol as unknown as Protocol).toPromise(),
      TypeError,
      "Cannot connect: the protocol must be",
    );
  }
  for (const endpoint of servers) {
    const refused = await assertRejects(() => endpoint.listen(asFactory).toPromise(), TypeError);
    assertEquals(refused.message.startsWith("Cannot listen: the factory must be"), true);
  }
});
