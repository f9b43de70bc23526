/** Clients that send a header of the PROXY protocol. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { wrapClientTLS } from "../../endpoints/wrap_tls.ts";
import { TCP4ClientEndpoint } from "../../endpoints/tcp.ts";
import { IPv4Address } from "../../reactor/addresses.ts";
import { NoProtocol } from "../../reactor/errors.ts";
import { InMemoryReactor } from "../../reactor/drivers/memory/in_memory_reactor.ts";
import { Clock } from "../../task/mod.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { HalfCloseableWire, Wire, Wires } from "../../testing/fixtures/wire.ts";
import { failureResultOf, successResultOf } from "../../testing/results.ts";
import { ManualEndpoint } from "../../testing/manual_endpoint.ts";
import { Factory } from "../factory.ts";
import { encodeProxyHeader, proxyClientEndpoint, ProxyProtocolFactory } from "./mod.ts";

const source = new IPv4Address("TCP", "192.0.2.1", 56324);
const destination = new IPv4Address("TCP", "192.0.2.9", 443);

Deno.test("proxyClientEndpoint() sends the header before all that the protocol writes", () => {
  for (const version of [1, 2] as const) {
    using manual = new ManualEndpoint();
    const header = { version, source, destination };
    const endpoint = proxyClientEndpoint(manual, header);
    const wire = new Wire({ connectionMade: ({ transport }) => transport.write("hello") });
    const connected = endpoint.connect(Factory.forProtocol(() => wire));
    manual.attempt().succeed();
    manual.pump.flush();
    assert(successResultOf(connected) === wire);
    const received = manual.attempt().peer?.data ?? new Uint8Array();
    const expected = encodeProxyHeader(header);
    assertEquals(received.slice(0, expected.length), expected);
    assertEquals(new TextDecoder().decode(received.slice(expected.length)), "hello");
  }
});

Deno.test("proxyClientEndpoint() connects to a server behind the PROXY protocol", () => {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  const servers = new Wires();
  reactor.listenTCP(80, new ProxyProtocolFactory(servers, { trustedSources: ["127.0.0.1"] }));
  void reactor.run();
  const tcp = new TCP4ClientEndpoint(reactor, "127.0.0.1", 80);
  const endpoint = proxyClientEndpoint(tcp, { source, destination });
  assertEquals(`${endpoint}`, "127.0.0.1:80");
  const client = new HalfCloseableWire();
  void endpoint.connect(Factory.forProtocol(() => client));
  clock.advance(0);
  servers.built[0]?.transport.write("hello");
  servers.built[0]?.transport.loseConnection();
  clock.advance(0);
  assertEquals([servers.addresses, client.text], [[source], "hello"]);
  assertEquals(client.events, ["made", "data", "read lost"]);
});

Deno.test("wrapClientTLS() over proxyClientEndpoint() sends the header before TLS", () => {
  const clock = new Clock();
  const tls = new FakeTLS();
  const reactor = new InMemoryReactor(clock, { tls });
  const servers = new Wires();
  reactor.listenTCP(80, servers);
  void reactor.run();
  const tcp = new TCP4ClientEndpoint(reactor, "127.0.0.1", 80);
  const plain = proxyClientEndpoint(tcp, { version: 1, source, destination });
  void wrapClientTLS({ serverName: "localhost" }, plain).connect(new Wires());
  clock.advance(0);
  tls.engine.encrypt("ClientHello");
  clock.advance(0);
  assertEquals(
    servers.built[0]?.text,
    "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\nClientHello",
  );
});

Deno.test("proxyClientEndpoint() passes failures and refusals on", () => {
  using manual = new ManualEndpoint();
  const endpoint = proxyClientEndpoint(manual, { command: "LOCAL" });
  const refused = endpoint.connect(new Wires(() => null));
  manual.attempt().succeed();
  assert(failureResultOf(refused) instanceof NoProtocol);
  const failed = endpoint.connect(new Wires());
  const error = new Error("no route");
  manual.attempt().fail(error);
  assert(failureResultOf(failed) === error);
  const wrong = { source: new IPv4Address("TCP", "example.org", 1), destination };
  assertThrows(() => proxyClientEndpoint(manual, wrong), RangeError, "example.org");
});
