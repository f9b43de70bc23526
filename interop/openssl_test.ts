/**
 * Tests with OpenSSL's command line: TLS as a server and as a client, client certificates, ALPN,
 * SNI, versions, and STARTTLS.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { connectProtocol, TLSClientEndpoint } from "../endpoints/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { Example, portOf as listeningPortOf } from "../testing/fixtures/example.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { TLSError } from "../reactor/errors.ts";
import type {
  IListeningPort,
  IProtocolFactory,
  TLSServerOptions,
} from "../reactor/interfaces/mod.ts";
import { shouting } from "./echo.ts";
import { type InteropFixture, interopTest, OPENSSL } from "./tool.ts";
import { sClient, sServer } from "./openssl.ts";
import { tlsFiles } from "./tls_files.ts";

const test = interopTest(OPENSSL);

/** Listens on 127.0.0.1 with protocols that send back capitals. */
function listenTLS(
  fixture: InteropFixture,
  options: TLSServerOptions,
  factory: IProtocolFactory = shouting(),
): IListeningPort {
  fixture.run();
  return fixture.reactor.listenTLS(0, factory, { interface: "127.0.0.1", ...options });
}

for (const version of ["-tls1_2", "-tls1_3"]) {
  test(`listenTLS() serves s_client ${version}, which verifies it and gets its close_notify`, async (fixture) => {
    const files = await tlsFiles(fixture);
    const factory = new Wires({ dataReceived: (wire) => wire.transport.write("ANSWER\n") });
    const port = fixture.reactor.listenTLS(0, factory, { interface: "127.0.0.1", ...files.server });
    fixture.run();
    const client = sClient(fixture, portOf(port.getHost()), files, version);
    await client.say("question\n");
    await client.line(/ANSWER$/);
    const wire = await factory.wire();
    assertEquals(wire.text, "question\n");
    wire.transport.loseConnection();
    // Without a close_notify, s_client would print an "unexpected eof" error.
    await client.line(/^closed$/);
    assertEquals((await wire.lost()).name, "ConnectionDone");
  });
}

test("listenTLS() selects the common protocol of s_client -alpn", async (fixture) => {
  const files = await tlsFiles(fixture);
  const port = listenTLS(fixture, { ...files.server, alpnProtocols: ["h2", "echo/1"] });
  const client = sClient(fixture, portOf(port.getHost()), files, "-alpn", "echo/1");
  await client.line("ALPN protocol: echo/1");
});

test("listenTLS() sends the certificate for the name of s_client -servername", async (fixture) => {
  const files = await tlsFiles(fixture);
  const serverNames: string[] = [];
  const certificates = (name: string) => {
    serverNames.push(name);
    return files.server;
  };
  const client = sClient(fixture, portOf(listenTLS(fixture, { certificates }).getHost()), files);
  await client.say("hello\n");
  await client.line(/HELLO$/);
  assertEquals(serverNames, ["localhost"]);
});

test("listenTLS() verifies the certificate of s_client -cert, which the protocol can read", async (fixture) => {
  const files = await tlsFiles(fixture);
  class Named extends Protocol {
    override connectionMade(): void {
      this.transport.write(`Hello ${this.transport.getPeerCertificate()?.subject.CN}\n`);
    }
  }
  const options = { ...files.server, caCerts: [files.authority.cert] };
  const port = listenTLS(fixture, options, Factory.forProtocol(Named));
  const { folder } = files;
  const client = sClient(
    fixture,
    portOf(port.getHost()),
    files,
    "-cert",
    `${folder}/client.pem`,
    "-key",
    `${folder}/client.key`,
  );
  await client.line(/Hello Alice$/);
});

test("handshakeFailed() receives the reason if s_client has no required certificate", async (fixture) => {
  const files = await tlsFiles(fixture);
  const failed = Promise.withResolvers<Error>();
  const factory = Object.assign(new Wires(), {
    handshakeFailed: (_peer: unknown, reason: Error) => failed.resolve(reason),
  });
  fixture.run();
  const options = { ...files.server, caCerts: [files.authority.cert] };
  const port = fixture.reactor.listenTLS(0, factory, { interface: "127.0.0.1", ...options });
  const client = sClient(fixture, portOf(port.getHost()), files, "-tls1_2");
  await client.line(/alert handshake failure|alert certificate required|alert bad certificate/);
  assertInstanceOf(await failed.promise, TLSError);
  assertEquals(factory.built, []);
});

test("connectTLS() verifies s_server and exchanges data with it until close_notify", async (fixture) => {
  fixture.run();
  const files = await tlsFiles(fixture);
  const [server, port] = await sServer(fixture, files, "-alpn", "echo/1");
  const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, {
    caCerts: [files.authority.cert],
    serverName: "localhost",
    alpnProtocols: ["echo/1"],
  });
  const wire = await connectProtocol(endpoint, new Wire());
  assertEquals(wire.transport.negotiatedProtocol, "echo/1");
  assertEquals(wire.transport.getPeerCertificate()?.subject.CN, "localhost");
  wire.transport.write("from here\n");
  await server.line("from here");
  await server.say("from openssl\n");
  await wire.has("from openssl\n".length);
  assertEquals(wire.text, "from openssl\n");
  wire.transport.loseConnection();
  assertEquals((await wire.lost()).name, "ConnectionDone");
  assertEquals((await server.end()).code, 0);
});

test("connectTLS() fails with TLSError if s_server has an untrusted or wrong certificate", async (fixture) => {
  fixture.run();
  const files = await tlsFiles(fixture);
  const stranger = await tlsFiles(fixture);
  const cases: [object, RegExp][] = [
    [{ caCerts: [stranger.authority.cert], serverName: "localhost" }, /127\.0\.0\.1:\d+/],
    [{ caCerts: [files.authority.cert], serverName: "example.org" }, /example\.org/],
  ];
  for (const [options, message] of cases) {
    const [, port] = await sServer(fixture, files);
    const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, options);
    const error = await assertRejects(
      async () => await connectProtocol(endpoint, new Wire()),
      TLSError,
    );
    assertMatch(error.message, message);
  }
});

test("connectTLS() sends a certificate that s_server -Verify accepts", async (fixture) => {
  fixture.run();
  const files = await tlsFiles(fixture);
  const ca = ["-CAfile", `${files.folder}/roots/ca.pem`];
  const [server, port] = await sServer(
    fixture,
    files,
    "-Verify",
    "1",
    "-verify_return_error",
    ...ca,
  );
  const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", port, {
    caCerts: [files.authority.cert],
    ...files.client,
  });
  const wire = await connectProtocol(endpoint, new Wire());
  wire.transport.write("from Alice\n");
  await server.line("from Alice");
  assertMatch(server.lines.join("\n"), /CN = Alice/);
});

test("examples/starttls.ts serves s_client -starttls smtp", async (fixture) => {
  const { folder } = await tlsFiles(fixture);
  const files = [`${folder}/server.pem`, `${folder}/server.key`];
  const server = new Example("starttls.ts", ["0", ...files]);
  fixture.after(() => server[Symbol.asyncDispose]());
  const client = fixture.startAloud(
    "s_client",
    ...["-starttls", "smtp", "-crlf", "-connect", `127.0.0.1:${await listeningPortOf(server)}`],
    ...[
      "-CAfile",
      `${folder}/roots/ca.pem`,
      "-verify_return_error",
      "-verify_hostname",
      "localhost",
    ],
  );
  await client.line(/Verify return code: 0 \(ok\)/);
  await client.say("EHLO me\n");
  await client.line(/250 localhost\r$/);
});
