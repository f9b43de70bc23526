/**
 * Twisted's `twisted/protocols/haproxy/test/test_parser.py`: `HAProxyServerParserTests`, with
 * `trustedSources`, which Twisted does not have. `UnparseEndpointTests` has no equivalent: a
 * description inside another one is parsed where it stands.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ClientFactory } from "../protocol/mod.ts";
import { InMemoryReactor } from "../reactor/drivers/memory/in_memory_reactor.ts";
import { Clock } from "../task/mod.ts";
import { FakeHostEnvironment } from "../testing/fake_host_environment.ts";
import { FakeTLS } from "../testing/fixtures/fake_tls.ts";
import { Wires } from "../testing/fixtures/wire.ts";
import { nextMacrotask } from "../testing/next_macrotask.ts";
import { TestPeer } from "../testing/test_peer.ts";
import { EndpointDescriptionError, serverFromString } from "./mod.ts";

const pem = (label: string): string => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
const LINE = "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n";

class Setup {
  readonly clock = new Clock();
  readonly tls = new FakeTLS();
  readonly files = new FakeHostEnvironment();
  readonly reactor: InMemoryReactor;
  readonly wires = new Wires();

  constructor() {
    const reactor = new InMemoryReactor(this.clock, { tls: this.tls });
    this.reactor = Object.defineProperty(reactor, "hostEnvironment", { value: this.files });
    void this.reactor.run();
    this.clock.advance(0);
  }

  /** Listens, and returns the endpoint's address. */
  async listen(description: string): Promise<string> {
    const endpoint = serverFromString(this.reactor, description);
    await endpoint.listen(this.wires);
    return String(endpoint);
  }

  /** Sends data over a new connection. */
  send(data: string, connect: "TCP" | "TCP6" | "UNIX" = "TCP"): TestPeer {
    const peer = new TestPeer();
    const factory = ClientFactory.forProtocol(() => peer);
    if (connect === "UNIX") this.reactor.connectUNIX("/tmp/socket", factory);
    else this.reactor.connectTCP(connect === "TCP" ? "127.0.0.1" : "::1", 80, factory);
    this.clock.advance(0);
    peer.transport.write(data);
    this.clock.advance(0);
    return peer;
  }

  /** Returns the peers of the connections. */
  get peers(): string[] {
    return this.wires.built.map((wire) => String(wire.transport.getPeer()));
  }
}

for (
  const [description, address, kind] of [
    ["haproxy:trustedSources=127.0.0.1:tcp:80", "0.0.0.0:80", "TCP"],
    [String.raw`haproxy:trustedSources=\:\:1,10.0.0.0/8:tcp6:80`, "[::]:80", "TCP6"],
    ["haproxy:trustedSources=unix:unix:address=/tmp/socket", "/tmp/socket", "UNIX"],
    ["haproxy:trustedSources=any:unix:/tmp/socket", "/tmp/socket", "UNIX"],
  ] as const
) {
  Deno.test(`serverFromString() makes an endpoint from ${description}`, async () => {
    const setup = new Setup();
    assertEquals(await setup.listen(description), address);
    setup.send(LINE, kind);
    assertEquals(setup.peers, ["192.0.2.1:56324"]);
  });
}

Deno.test("serverFromString() passes the arguments of haproxy on", async () => {
  const setup = new Setup();
  await setup.listen(
    "haproxy:trustedSources=127.0.0.0/8:headerTimeout=2.5:maxHeaderLength=30:tcp:80",
  );
  const slow = setup.send("PROXY");
  setup.clock.advance(2.5);
  assertEquals(slow.ending, "ECONNRESET");
  const long = setup.send("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x0f");
  assertEquals(long.ending, "ECONNRESET");
});

Deno.test("serverFromString() reads the header of haproxy before the TLS of tls", async () => {
  for (const type of ["tls", "ssl"]) {
    const setup = new Setup();
    setup.files.files.set("server.pem", pem("PRIVATE KEY") + pem("CERTIFICATE"));
    await setup.listen(`haproxy:trustedSources=any:${type}:80:alpnProtocols=h2`);
    await nextMacrotask();
    setup.send(`${LINE}hello`);
    assertEquals(setup.tls.engine.calls, ["start", "receive hello"]);
    setup.tls.engine.secure();
    assertEquals(setup.peers, ["192.0.2.1:56324"]);
  }
});

for (
  const [description, problem, piece] of [
    [
      "haproxy:tcp:80",
      'the argument "trustedSources" is missing: name the proxies, as in ' +
      "haproxy:trustedSources=10.0.0.0/8:tcp:80; trustedSources=any believes every peer",
      "haproxy",
    ],
    [
      "haproxy:tcp:80:trustedSources=any",
      'the argument "trustedSources" is missing: name the proxies, as in ' +
      "haproxy:trustedSources=10.0.0.0/8:tcp:80; trustedSources=any believes every peer",
      "haproxy",
    ],
    [
      "haproxy:trustedSources=10.0.0.1/8:tcp:80",
      'the argument "trustedSources" must be any, or addresses and blocks: An address block must ' +
      'have zeros after its prefix, as in 10.0.0.0/8, got "10.0.0.1/8"',
      "10.0.0.1/8",
    ],
    [
      "haproxy:trustedSources=any:trustedSources=any:tcp:80",
      'the argument "trustedSources" is given twice',
      "trustedSources",
    ],
    [
      "haproxy:trust=any:tcp:80",
      'the type "haproxy" has no argument "trust"; ' +
      "its arguments are trustedSources, headerTimeout, maxHeaderLength",
      "trust",
    ],
    [
      "haproxy:trustedSources=any",
      '"haproxy:" must be followed by the description of an endpoint',
      "",
    ],
    [
      "haproxy:trustedSources=any:tcp:http",
      'the argument "port" must be an integer from 0 to 65535, got "http"',
      "http",
    ],
    [
      "haproxy:trustedSources=any:tcp:80:headerTimeout=1",
      'the type "tcp" has no argument "headerTimeout"; its arguments are port, interface, backlog',
      "headerTimeout",
    ],
  ] as const
) {
  Deno.test(`serverFromString() refuses ${description}`, () => {
    const error = assertThrows(() => serverFromString(new Setup().reactor, description));
    assertInstanceOf(error, EndpointDescriptionError);
    assertEquals(
      error.message.split("\n")[0],
      `Cannot create an endpoint from ${JSON.stringify(description)}: ${problem}`,
    );
    assertEquals(error.piece, piece);
  });
}
