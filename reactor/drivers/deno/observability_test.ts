// describe() and stats() with real child processes and TLS. The bytes that are sent are exact only
// after the close, because the system may deliver them before it reports that it took them.

import { assertEquals, assertMatch } from "@std/assert";
import { ClientFactory, ProcessProtocol, Protocol } from "../../../protocol/mod.ts";
import { runningReactor } from "../../../testing/mod.ts";
import { RawPeer } from "../../../testing/peers/raw_peer.ts";
import { portOf } from "../../../testing/fixtures/tcp_fixture.ts";
import { SecuredWires, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("DenoReactor", () => new DenoReactor());

/** The protocol of a child that copies its input. */
class Copying extends ProcessProtocol {
  readonly copied: Promise<void>;
  readonly ended: Promise<void>;
  readonly #copied: () => void;
  readonly #ended: () => void;

  constructor() {
    super();
    ({ promise: this.copied, resolve: this.#copied } = Promise.withResolvers<void>());
    ({ promise: this.ended, resolve: this.#ended } = Promise.withResolvers<void>());
  }

  override outReceived(): void {
    this.#copied();
  }

  override processEnded(): void {
    this.#ended();
  }
}

Deno.test({
  name: "DenoReactor.describe() lists processes and their pipes, without arguments and environment",
  // Windows has no /bin/sh.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using reactor = runningReactor();
    const child = new Copying();
    const process = reactor.spawnProcess(child, "/bin/sh", {
      args: ["-c", "cat # hunter2"],
      env: { TOKEN: "hunter2" },
    });
    process.write("hunter2");
    await child.copied;
    const text = reactor.describe();
    assertMatch(text, /^Open resources: 4\n {2}process \/bin\/sh \(\d+\)$/m);
    assertMatch(
      text,
      /^ {2}connection from \/bin\/sh \(\d+\): Copying, made by process \/bin\/sh \(\d+\), open for \d+\.\d{3} s, received 0 B, sent \d B, unsent \d B$/m,
    );
    assertMatch(text, /: Copying, .*, received 7 B, sent 0 B/);
    assertEquals(text.includes("hunter2"), false);
    process.closeStdin();
    await child.ended;
    const { openResources, openConnections, connections, bytesReceived, bytesSent } = reactor
      .stats();
    assertEquals([openResources, openConnections, connections], [0, 0, 3]);
    assertEquals([bytesReceived, bytesSent], [7, 7]);
  },
});

Deno.test(
  test("describe() and stats() count unencrypted bytes, without keys and certificates", async (fixture) => {
    const { reactor, authority } = fixture;
    const [servers, clients] = [new SecuredWires(), new SecuredWires()];
    const port = reactor.listenTCP(0, servers, { interface: "127.0.0.1" });
    reactor.connectTCP("127.0.0.1", portOf(port.getHost()), clients);
    fixture.run();
    const [server, client] = await Promise.all([servers.wire(), clients.wire()]);
    server.transport.write("open");
    server.transport.startTLS(fixture.server);
    server.transport.write("secret");
    await client.has(4);
    client.transport.startTLS({ serverName: "localhost", caCerts: [authority.cert] });
    client.transport.write("me too");
    await Promise.all([client.has(10), server.has(6)]);

    const text = reactor.describe();
    assertMatch(
      text,
      /connection from 127\.0\.0\.1:\d+: SecuredWire, .*, received 6 B, sent \d+ B/,
    );
    assertMatch(text, /connection to 127\.0\.0\.1:\d+: SecuredWire, .*, received 10 B, sent \d+ B/);
    assertEquals(/BEGIN|secret|me too/.test(text), false);

    client.transport.abortConnection();
    await Promise.all([client.lost(), server.lost()]);
    const { openConnections, connections, bytesReceived } = reactor.stats();
    assertEquals([openConnections, connections, bytesReceived], [0, 2, 16]);
  }),
);

Deno.test("DenoReactor.stats() counts a write that is in flight when the connection is aborted", async () => {
  const reactor = new DenoReactor();
  const stopped = reactor.run({ installSignalHandlers: false });
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  class Aborting extends Protocol {
    override connectionMade(): void {
      this.transport.write("hello");
      // The system has the bytes when this method has returned, and reports it in a later turn.
      queueMicrotask(() => this.transport.abortConnection());
    }

    override connectionLost(): void {
      resolve();
    }
  }
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  reactor.connectTCP("127.0.0.1", port, ClientFactory.forProtocol(Aborting));
  const peer = new RawPeer(await listener.accept());
  await aborted;
  assertEquals(await peer.readAll(), new TextEncoder().encode("hello"));
  reactor.stop();
  await stopped;
  assertEquals(reactor.stats().bytesSent, 5);
  peer.close();
  listener.close();
});

Deno.test(
  test("describe() and stats() count TLS connections after their handshake", async (fixture) => {
    const { server, client } = await fixture.pair();
    client.transport.write("hello");
    await server.has(5);
    const text = fixture.reactor.describe();
    assertMatch(text, / on 127\.0\.0\.1:\d+: open 1, accepted 1, refused 0, failed handshakes 0,/);
    assertMatch(text, /connection from 127\.0\.0\.1:\d+: SecuredWire, .*, received 5 B, sent 0 B/);
    assertEquals(text.includes("BEGIN"), false);
    // The server closes after the client has closed its writing side.
    client.transport.loseWriteConnection();
    await server.lost();
    await client.lost();
    const { openConnections, connections, bytesReceived, bytesSent } = fixture.reactor.stats();
    assertEquals([openConnections, connections, bytesReceived, bytesSent], [0, 2, 5, 5]);
  }),
);
