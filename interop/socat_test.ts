/**
 * Tests with socat: TCP on IPv4 and IPv6, UNIX sockets and abstract names, TLS, half-close, and a
 * reset.
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  connectProtocol,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
  UNIXClientEndpoint,
} from "../endpoints/mod.ts";
import { UNIXAddress } from "../reactor/addresses.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { HalfCloseableWire, Wire, Wires } from "../testing/fixtures/wire.ts";
import { ConnectionLost } from "../reactor/errors.ts";
import { ShoutDatagrams, shouting } from "./echo.ts";
import { tlsFiles } from "./tls_files.ts";
import { type InteropFixture, interopTest, SOCAT } from "./tool.ts";

const test = interopTest(SOCAT);

/** Starts socat as a server, which prints the address on which it listens. */
async function listening(fixture: InteropFixture, address: string, then: string): Promise<number> {
  const socat = fixture.startAloud("-d", "-d", address, then);
  const [, port] = await socat.line(/ listening on AF=\d+ \S+:(\d+)$/);
  return Number(port);
}

for (const [family, host] of [["TCP4", "127.0.0.1"], ["TCP6", "::1"]] as const) {
  test(`listenTCP() replies to a socat ${family} client after its half-close`, async (fixture) => {
    fixture.run();
    const port = fixture.reactor.listenTCP(0, shouting(), { interface: host });
    const socat = fixture.start("-", `${family}:${port.getHost()}`);
    await socat.say("hello\n");
    await socat.endInput();
    const { code, lines } = await socat.end();
    assertEquals([code, lines], [0, ["HELLO"]]);
  });
}

test("loseWriteConnection() closes the input of a program behind a socat server", async (fixture) => {
  fixture.run();
  const port = await listening(fixture, "TCP4-LISTEN:0,bind=127.0.0.1", "EXEC:sort");
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", port);
  const wire = await connectProtocol(endpoint, new HalfCloseableWire());
  wire.transport.write("c\nb\na\n");
  wire.transport.loseWriteConnection();
  await wire.seen("read lost");
  assertEquals(wire.text, "a\nb\nc\n");
  assertEquals((await wire.lost()).name, "ConnectionDone");
});

test("connectionLost() receives ConnectionLost when socat resets the connection", async (fixture) => {
  const factory = new Wires();
  const port = fixture.reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  fixture.run();
  // Closing with a linger time of zero resets (RFC 9293 section 3.10.5).
  const socat = fixture.start("-", `TCP4:127.0.0.1:${portOf(port.getHost())},linger=0`);
  const wire: Wire = await factory.wire();
  socat.send("SIGKILL");
  const reason = await wire.lost();
  assertInstanceOf(reason, ConnectionLost);
  assertEquals(reason.code, "ECONNRESET");
});

test("getPeer() returns the path to which a socat client is bound", async (fixture) => {
  const factory = new Wires();
  const port = fixture.reactor.listenUNIX(fixture.path("socket"), factory);
  fixture.run();
  const own = fixture.path("client");
  fixture.start("-", `UNIX-CONNECT:${port.getHost()},bind=${own}`);
  const wire: Wire = await factory.wire();
  assertEquals([factory.addresses, wire.transport.getPeer()], [
    [new UNIXAddress(own)],
    new UNIXAddress(own),
  ]);
});

test("listenUNIX() on an abstract name replies to a socat client after a half-close", async (fixture) => {
  fixture.run();
  const name = `torsion-${crypto.randomUUID()}`;
  fixture.reactor.listenUNIX(`\0${name}`, shouting());
  const socat = fixture.start("-", `ABSTRACT-CONNECT:${name}`);
  await socat.say("hello\n");
  await socat.endInput();
  const { code, lines } = await socat.end();
  assertEquals([code, lines], [0, ["HELLO"]]);
});

test("connectUNIX() exchanges data with a program behind a socat server", async (fixture) => {
  fixture.run();
  const path = fixture.path("socket");
  const socat = fixture.startAloud("-d", "-d", `UNIX-LISTEN:${path}`, "EXEC:sort");
  await socat.line(/ listening on AF=1 /);
  const endpoint = new UNIXClientEndpoint(fixture.reactor, path);
  const wire = await connectProtocol(endpoint, new HalfCloseableWire());
  wire.transport.write("b\na\n");
  wire.transport.loseWriteConnection();
  await wire.seen("read lost");
  assertEquals(wire.text, "a\nb\n");
  assertEquals((await wire.lost()).name, "ConnectionDone");
});

for (const [family, host] of [["UDP4", "127.0.0.1"], ["UDP6", "::1"]] as const) {
  test(`listenUDP() returns a datagram to a socat ${family} client`, async (fixture) => {
    fixture.run();
    const port = fixture.reactor.listenUDP(0, new ShoutDatagrams(), { interface: host });
    const socat = fixture.start("-", `${family}:${port.getHost()}`);
    await socat.say("hello\n");
    await socat.line("HELLO");
  });
}

test("listenTLS() serves a socat OPENSSL client that verifies its certificate", async (fixture) => {
  fixture.run();
  const { folder, server } = await tlsFiles(fixture);
  const port = fixture.reactor.listenTLS(0, shouting(), { interface: "127.0.0.1", ...server });
  const options = `cafile=${folder}/roots/ca.pem,commonname=localhost`;
  const socat = fixture.start("-", `OPENSSL:127.0.0.1:${portOf(port.getHost())},${options}`);
  await socat.say("hello\n");
  await socat.line("HELLO");
});

test("connectTLS() sends a certificate that a socat OPENSSL-LISTEN server verifies", async (fixture) => {
  fixture.run();
  const { authority, client, folder } = await tlsFiles(fixture);
  const files = `cert=${folder}/server.pem,key=${folder}/server.key,cafile=${folder}/roots/ca.pem`;
  const port = await listening(fixture, `OPENSSL-LISTEN:0,bind=127.0.0.1,${files}`, "EXEC:cat");
  const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, {
    caCerts: [authority.cert],
    ...client,
  });
  const wire = await connectProtocol(endpoint, new Wire());
  wire.transport.write("hello\n");
  await wire.has(6);
  assertEquals(wire.text, "hello\n");
  wire.transport.loseConnection();
  await wire.lost();
});
