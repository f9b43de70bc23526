// Counts the calls between a socket and dataReceived: each of them costs time for every chunk.

import { assertEquals } from "@std/assert";
import { ClientFactory, Factory, Protocol } from "../protocol/mod.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { type TLSFixture, tlsTest } from "../testing/fixtures/tls_fixture.ts";
import { portOf, type TCPFixture, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { clientFromString, connectProtocol, quoteStringArgument } from "./mod.ts";

const root = new URL("../", import.meta.url).href;

/** Returns the functions of the library that the caller was called by, the innermost first. */
function libraryCalls(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Infinity;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  return stack.split("\n")
    .filter((line) => line.includes(root) && !line.includes(import.meta.url))
    .map((line) => line.trim().replace(/^at (?:(\S+) \()?.*$/, "$1"));
}

/** Records the callers of dataReceived. */
class Recorder extends Protocol {
  readonly #calls = Promise.withResolvers<string[]>();
  readonly calls = this.#calls.promise;

  override dataReceived(_data: Uint8Array): void {
    this.#calls.resolve(libraryCalls());
  }
}

/** Also sends back what it receives. */
class Server extends Recorder {
  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data);
    this.transport.write(data);
  }
}

const DELIVERY = ["ProtocolCalls.deliver", "Connection.#deliver", "Connection.received"];
const TCP = [...DELIVERY, "TCPConnDriver.#onRead"];
const TLS = [
  ...DELIVERY,
  "TLSDriver.decrypted",
  "TLSSocket.<anonymous>",
  "NodeTLSEngine.receive",
  "TLSDriver.#feed",
  "TLSDriver.received",
  "TCPConnDriver.#onRead",
];

/** Listens with one protocol. */
function oneProtocol(protocol: IProtocol): Factory {
  return Factory.forProtocol(() => protocol);
}

const test = tcpTest("call depth", () => new DenoReactor());
const testTLS = await tlsTest("call depth", () => new DenoReactor());

/** Connects by a string, and returns the callers of dataReceived on both sides. */
async function callsOf(
  fixture: TCPFixture | TLSFixture,
  server: Server,
  description: string,
): Promise<[server: string[], client: string[]]> {
  fixture.run();
  const client = await connectProtocol(
    clientFromString(fixture.reactor, description),
    new Recorder(),
  );
  client.transport.write("some bytes");
  return await Promise.all([server.calls, client.calls]);
}

Deno.test(test("clientFromString() adds no calls per read on a TCP connection", async (fixture) => {
  const server = new Server();
  const port = fixture.reactor.listenTCP(0, oneProtocol(server), { interface: "127.0.0.1" });
  const description = `tcp:127.0.0.1:${portOf(port.getHost())}`;
  assertEquals(await callsOf(fixture, server, description), [TCP, TCP]);
}));

Deno.test(
  testTLS("clientFromString() adds no calls per read on a TLS connection", async (fixture) => {
    const server = new Server();
    const port = fixture.reactor.listenTLS(0, oneProtocol(server), {
      interface: "127.0.0.1",
      ...fixture.server,
    });
    const roots = await Deno.makeTempFile({ suffix: ".pem" });
    fixture.after(() => Deno.remove(roots));
    await Deno.writeTextFile(roots, fixture.authority.cert);
    const trust = `trustRoots=${quoteStringArgument(roots)}`;
    const description = `tls:localhost:${portOf(port.getHost())}:${trust}`;
    assertEquals(await callsOf(fixture, server, description), [TLS, TLS]);
  }),
);

Deno.test(testTLS("startTLS() adds only the calls of TLS to each read", async (fixture) => {
  const { reactor, authority, server: certificate } = fixture;
  class UpgradingServer extends Server {
    override connectionMade(): void {
      this.transport.startTLS(certificate);
    }
  }
  class UpgradingClient extends Recorder {
    override connectionMade(): void {
      this.transport.startTLS({ serverName: "localhost", caCerts: [authority.cert] });
    }

    handshakeCompleted(): void {
      this.transport.write("some bytes");
    }
  }
  const [server, client] = [new UpgradingServer(), new UpgradingClient()];
  const port = reactor.listenTCP(0, oneProtocol(server), { interface: "127.0.0.1" });
  reactor.connectTCP("127.0.0.1", portOf(port.getHost()), ClientFactory.forProtocol(() => client));
  fixture.run();
  assertEquals(await Promise.all([server.calls, client.calls]), [TLS, TLS]);
}));
