/**
 * The checks of `testssl` and similar tools, with OpenSSL's command line: protocol versions, cipher
 * suites, early data, renegotiation, truncation, and injection around STARTTLS.
 * `openssl_resumption_test.ts` has resumption, `openssl_material_test.ts` weak keys.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { connectProtocol, TLSClientEndpoint } from "../endpoints/mod.ts";
import { ClientFactory, Factory, LineReceiver } from "../protocol/mod.ts";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { SecuredWires } from "../testing/fixtures/tls_fixture.ts";
import { HalfCloseableWire, Wire, Wires } from "../testing/fixtures/wire.ts";
import { ConnectionAborted, TLSError } from "../reactor/errors.ts";
import type { StartTLSOptions } from "../reactor/interfaces/mod.ts";
import { sClient, sServer } from "./openssl.ts";
import { tlsFiles } from "./tls_files.ts";
import { interopTest, OPENSSL } from "./tool.ts";

const test = interopTest(OPENSSL);
const INTERFACE = { interface: "127.0.0.1" };
const VERSIONS = ["-tls1_2", "-tls1_3"];

/** Creates a factory of wires that send received bytes back in capitals. */
function shouting(): SecuredWires {
  return new SecuredWires({
    dataReceived: (wire, data) =>
      wire.transport.write(new TextDecoder().decode(data).toUpperCase()),
  });
}

/** Client options that a server must refuse. */
const REFUSED: Record<string, string[]> = {
  "TLS 1.0": ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"],
  "TLS 1.1": ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
  "RSA key exchange": ["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES128-SHA"],
  "DHE key exchange": ["-tls1_2", "-cipher", "DHE"],
  "CBC mode": ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"],
  "no encryption and no authentication": ["-tls1_2", "-cipher", "eNULL:aNULL@SECLEVEL=0"],
};

for (const [what, options] of Object.entries(REFUSED)) {
  test(`listenTLS() fails the handshake of s_client with ${what}`, async (fixture) => {
    const files = await tlsFiles(fixture);
    const factory = shouting();
    const port = fixture.reactor.listenTLS(0, factory, { ...INTERFACE, ...files.server });
    fixture.run();
    const client = sClient(fixture, portOf(port.getHost()), files, ...options);
    await client.line(/alert (handshake failure|protocol version)/);
    assertInstanceOf(await factory.failure(), TLSError);
    assertEquals(factory.built, []);
  });
}

for (const version of ["-tls1", "-tls1_1"]) {
  test(`connectTLS() fails the handshake with s_server ${version}`, async (fixture) => {
    fixture.run();
    const files = await tlsFiles(fixture);
    const [, port] = await sServer(fixture, files, version, "-cipher", "DEFAULT@SECLEVEL=0");
    const options = { caCerts: [files.authority.cert], serverName: "localhost" };
    const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, options);
    await assertRejects(async () => await connectProtocol(endpoint, new Wire()), TLSError);
  });
}

test("listenTLS() accepts no early data from s_client -early_data", async (fixture) => {
  const files = await tlsFiles(fixture);
  const factory = shouting();
  const port = fixture.reactor.listenTLS(0, factory, { ...INTERFACE, ...files.server });
  fixture.run();
  const number = portOf(port.getHost());
  const session = `${files.folder}/session`;
  await Deno.writeTextFile(`${files.folder}/early`, "early\n");
  for (const more of [["-sess_out", session], ["-sess_in", session]]) {
    await using client = sClient(
      fixture,
      number,
      files,
      "-tls1_3",
      ...more,
      ...["-early_data", `${files.folder}/early`],
    );
    await client.line("Early data was not sent");
    await client.say("late\n");
    await client.line(/LATE$/);
  }
  assertEquals(factory.built.map((wire) => wire.text), ["late\n", "late\n"]);
});

test("listenTLS() loses only the connection of an s_client that renegotiates", async (fixture) => {
  const files = await tlsFiles(fixture);
  const factory = shouting();
  const port = fixture.reactor.listenTLS(0, factory, { ...INTERFACE, ...files.server });
  fixture.run();
  const client = sClient(fixture, portOf(port.getHost()), files, "-tls1_2");
  await client.say("hello\n");
  await client.line(/HELLO$/);
  await client.say("R\n");
  await client.line(/no renegotiation/);
  assertInstanceOf(await (await factory.wire()).lost(), TLSError);
  const next = sClient(fixture, portOf(port.getHost()), files, "-tls1_2");
  await next.say("hello\n");
  await next.line(/HELLO$/);
});

test("connectTLS() ignores a renegotiation of s_server and loses no data", async (fixture) => {
  fixture.run();
  const files = await tlsFiles(fixture);
  const [server, port] = await sServer(fixture, files, "-tls1_2");
  const options = { caCerts: [files.authority.cert], serverName: "localhost" };
  const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, options);
  const wire = await connectProtocol(endpoint, new Wire());
  wire.transport.write("from here\n");
  await server.line("from here");
  await server.say("before\n");
  await wire.has("before\n".length);
  await server.say("r\n");
  const reason = await wire.lost();
  assertInstanceOf(reason, TLSError);
  assertEquals(wire.text, "before\n");
});

test("listenTLS() keeps a connection whose s_client updates its TLS keys", async (fixture) => {
  const files = await tlsFiles(fixture);
  const factory = shouting();
  const port = fixture.reactor.listenTLS(0, factory, { ...INTERFACE, ...files.server });
  fixture.run();
  const client = sClient(fixture, portOf(port.getHost()), files, "-tls1_3");
  for (const command of ["K", "k"]) {
    await client.say("hello\n");
    await client.line(/HELLO$/);
    await client.say(`${command}\n`);
    await client.line(/KEYUPDATE/);
  }
  await client.say("again\n");
  await client.line(/AGAIN$/);
});

for (const version of VERSIONS) {
  test(`connectionLost() of a server reports that s_client ${version} was killed`, async (fixture) => {
    const files = await tlsFiles(fixture);
    const factory = new Wires(() => new HalfCloseableWire());
    const port = fixture.reactor.listenTLS(0, factory, { ...INTERFACE, ...files.server });
    fixture.run();
    const client = sClient(fixture, portOf(port.getHost()), files, version);
    const wire = await factory.wire();
    await client.say("half a mess\n");
    await wire.has("half a mess\n".length);
    wire.transport.write("noted\n");
    await client.line(/noted$/);
    client.send("SIGKILL");
    const reason = await wire.lost();
    assertInstanceOf(reason, TLSError);
    assertMatch(reason.message, /close_notify/);
    assertEquals(wire.events.includes("read lost"), false);
  });

  test(`connectionLost() of a client reports that s_server ${version} was killed`, async (fixture) => {
    fixture.run();
    const files = await tlsFiles(fixture);
    const [server, port] = await sServer(fixture, files, version);
    const options = { caCerts: [files.authority.cert], serverName: "localhost" };
    const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, options);
    const wire = await connectProtocol(endpoint, new Wire());
    wire.transport.write("hello\n");
    await server.line("hello");
    await server.say("half a mess\n");
    await wire.has("half a mess\n".length);
    server.send("SIGKILL");
    const reason = await wire.lost();
    assertInstanceOf(reason, TLSError);
    assertMatch(reason.message, /close_notify/);
  });
}

/** One side of STARTTLS as programs write it: it starts TLS at a line, and records every line. */
class Upgrading extends LineReceiver {
  readonly lines: string[] = [];
  readonly lost = Promise.withResolvers<Error>();
  options: StartTLSOptions = {};

  override textReceived(line: string): void {
    this.lines.push(line);
    if (line === "STARTTLS") this.sendLine("220 Go ahead");
    if (/^STARTTLS|^220/.test(line)) this.transport.startTLS(this.options);
  }

  override connectionLost(reason: Error): void {
    this.lost.resolve(reason);
  }
}

/** Expects that the connection was lost because of unencrypted bytes. */
async function assertInjectionRefused({ lost }: Upgrading): Promise<void> {
  const reason = await lost.promise;
  assertInstanceOf(reason, ConnectionAborted);
  assertInstanceOf(reason.cause, Error);
  assertMatch(
    reason.cause.message,
    /the receive buffer contains \d+ bytes that arrived before TLS/,
  );
}

test("startTLS() on a server aborts if unencrypted commands follow STARTTLS", async (fixture) => {
  const { server } = await testCertificates();
  const protocol = Object.assign(new Upgrading(), { options: server });
  const port = fixture.reactor.listenTCP(0, once(protocol, new Factory()), INTERFACE);
  fixture.run();
  const peer = fixture.raw(
    await Deno.connect({ hostname: "127.0.0.1", port: portOf(port.getHost()) }),
  );
  await peer.send("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n");
  await assertInjectionRefused(protocol);
  assertEquals(protocol.lines, ["STARTTLS"]);
});

test("startTLS() on a client aborts if unencrypted replies precede TLS", async (fixture) => {
  const { authority } = await testCertificates();
  const options = { serverName: "localhost", caCerts: [authority.cert] };
  const protocol = Object.assign(new Upgrading(), { options });
  const listener = fixture.closeAfter(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const factory = once(protocol, new ClientFactory());
  fixture.reactor.connectTCP("127.0.0.1", listener.addr.port, factory);
  fixture.run();
  const peer = await fixture.rawAccept(listener);
  await peer.send("220 Go ahead\r\n250 You are admin\r\n");
  await assertInjectionRefused(protocol);
  assertEquals(protocol.lines, ["220 Go ahead"]);
});

/** Makes a factory build this protocol. */
function once<F extends Factory>(protocol: Upgrading, factory: F): F {
  return Object.assign(factory, { buildProtocol: () => protocol });
}
