/**
 * Tests with Twisted, the reference, as server and as client, at endpoints that the same strings
 * describe in both libraries. Twisted's programs are in `peers/`.
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  clientFromString,
  connectProtocol,
  quoteStringArgument,
  serverFromString,
} from "../endpoints/mod.ts";
import { DatagramProtocol } from "../protocol/mod.ts";
import { Wire } from "../testing/fixtures/wire.ts";
import { CannotListenError } from "../reactor/errors.ts";
import { ShoutDatagrams, shouting } from "./echo.ts";
import { tlsFiles } from "./tls_files.ts";
import { type InteropFixture, interopTest, TWISTED } from "./tool.ts";

const test = interopTest(TWISTED);

const peer = (name: string): string => new URL(`./peers/${name}.py`, import.meta.url).pathname;

/** A server's endpoint, and the client's endpoint for the port of the server. */
interface Pair {
  readonly server: string;
  client(port: number): string;
}

const KINDS: Record<string, (fixture: InteropFixture) => Pair | Promise<Pair>> = {
  tcp: () => ({
    server: "tcp:0:interface=127.0.0.1",
    client: (port) => `tcp:127.0.0.1:${port}`,
  }),
  tcp6: () => ({
    server: String.raw`tcp6:0:interface=\:\:1`,
    client: (port) => String.raw`tcp:host=\:\:1:port=${port}`,
  }),
  unix: (fixture) => {
    const path = quoteStringArgument(fixture.path("echo: here"));
    return { server: `unix:${path}`, client: () => `unix:path=${path}:timeout=9` };
  },
  ssl: async (fixture) => {
    const { folder } = await tlsFiles(fixture);
    const files = `privateKey=${folder}/server.key:certKey=${folder}/server.pem`;
    return {
      server: `ssl:0:interface=127.0.0.1:${files}`,
      client: (port) => `tls:localhost:${port}:trustRoots=${folder}/roots`,
    };
  },
  "unix with a lock": (fixture) => {
    const path = fixture.path("echo");
    return { server: `unix:${path}:lockfile=1`, client: () => `unix:${path}:lockfile=1` };
  },
};

for (const [name, pair] of Object.entries(KINDS)) {
  test(`serverFromString() over ${name} exchanges data with a client of Twisted`, async (fixture) => {
    fixture.run();
    const { server, client } = await pair(fixture);
    const address = (await serverFromString(fixture.reactor, server).listen(shouting())).getHost();
    const port = "port" in address ? Number(address.port) : 0;
    const twisted = fixture.start(peer("twisted_client"), client(port), "grüße");
    const { code, lines, errors } = await twisted.end();
    assertEquals([code, errors], [0, ""]);
    assertEquals(lines, ["received GRÜSSE", "lost ConnectionDone"]);
  });

  test(`clientFromString() over ${name} exchanges data with a server of Twisted`, async (fixture) => {
    fixture.run();
    const { server, client } = await pair(fixture);
    const twisted = fixture.start(peer("twisted_echo"), server);
    const [, port] = await twisted.line(/^listening on (\d+|a path)$/);
    const endpoint = clientFromString(fixture.reactor, client(Number(port)));
    const wire = await connectProtocol(endpoint, new Wire());
    wire.transport.write("hello");
    await wire.has(5);
    assertEquals(wire.text, "HELLO");
    wire.transport.loseConnection();
    assertEquals((await wire.lost()).name, "ConnectionDone");
    await twisted.line("lost ConnectionDone");
  });
}

test("listenUNIX() and Twisted respect each other's lock files", async (fixture) => {
  const server = `unix:${fixture.path("echo")}:lockfile=1`;
  const first = fixture.start(peer("twisted_echo"), server);
  await first.line(/^listening on /);
  const ours = serverFromString(fixture.reactor, server);
  await assertRejects(() => ours.listen(shouting()), CannotListenError, "is held by process");
  first.send("SIGKILL");
  await first.end();
  await ours.listen(shouting());
  const second = fixture.start(peer("twisted_echo"), server);
  await second.line(/^failed .*Cannot acquire lock/);
});

test("listenUDP() exchanges datagrams with a connected port of Twisted", async (fixture) => {
  fixture.run();
  const port = fixture.reactor.listenUDP(0, new ShoutDatagrams(), { interface: "127.0.0.1" });
  const twisted = fixture.start(peer("twisted_udp_client"), String(port.getHost().port), "hello");
  const { code, lines, errors } = await twisted.end();
  assertEquals([code, lines, errors], [0, ["received HELLO"], ""]);
});

test("UDPPort.connect() exchanges datagrams with a server of Twisted", async (fixture) => {
  fixture.run();
  const twisted = fixture.start(peer("twisted_udp_echo"));
  const [, port] = await twisted.line(/^listening on (\d+)$/);
  const reply = Promise.withResolvers<string>();
  class Asking extends DatagramProtocol {
    override startProtocol(): void {
      this.transport.connect("127.0.0.1", Number(port));
      this.transport.write("hello");
    }

    override datagramReceived(datagram: Uint8Array): void {
      reply.resolve(new TextDecoder().decode(datagram));
    }
  }
  fixture.reactor.listenUDP(0, new Asking(), { interface: "127.0.0.1" });
  assertEquals(await reply.promise, "HELLO");
});
