/**
 * Keys and certificates that OpenSSL has made. Each is accepted, or refused with the reason where
 * it is passed in.
 */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { clientFromString, connectProtocol, serverFromString } from "../endpoints/mod.ts";
import { ClientFactory, Protocol } from "../protocol/mod.ts";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { SecuredWires } from "../testing/fixtures/tls_fixture.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import type { StartTLSOptions } from "../reactor/interfaces/mod.ts";
import { type InteropFixture, interopTest, OPENSSL } from "./tool.ts";

const test = interopTest(OPENSSL);
const INTERFACE = { interface: "127.0.0.1" };

/** A self-signed certificate and its key, as texts and as files. */
interface Material {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Lets OpenSSL create a key of some type, and a certificate for it. */
async function make(fixture: InteropFixture, keyOptions: readonly string[]): Promise<Material> {
  const folder = fixture.path(".");
  const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const request = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const extensions = ["subjectAltName=DNS:localhost", "basicConstraints=critical,CA:FALSE"]
    .flatMap((extension) => ["-addext", extension]);
  const files = ["-out", certFile, "-keyout", keyFile];
  const { code, errors } = await fixture.start(...request, ...extensions, ...files, ...keyOptions)
    .end();
  assertEquals(code, 0, errors);
  const [cert, key] = await Promise.all([certFile, keyFile].map((file) => Deno.readTextFile(file)));
  return { cert: cert ?? "", key: key ?? "", certFile, keyFile };
}

const ec = (curve: string) => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];

/** The refused types, with their errors. */
const REFUSED: Record<string, readonly [keyOptions: string[], reason: RegExp]> = {
  "RSA of 1024 bits": [
    ["-newkey", "rsa:1024"],
    /^Cannot use cert: the RSA key of "CN=localhost" has 1024 bits, but at least 2048 are required/,
  ],
  "RSA of 1536 bits": [["-newkey", "rsa:1536"], /has 1536 bits/],
  "RSA-PSS": [
    ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
    /^Cannot use cert and key: TLS does not support the key of "CN=localhost"/,
  ],
  "P-192": [ec("P-192"), /^Cannot use key: it cannot be read: unsupported ec named curve/],
  "P-224": [ec("P-224"), /TLS does not support the key of "CN=localhost"/],
  "secp256k1": [ec("secp256k1"), /TLS does not support the key of "CN=localhost"/],
  "brainpoolP256r1": [ec("brainpoolP256r1"), /^Cannot use key: it cannot be read/],
  "a curve by its parameters": [
    [...ec("P-256"), "-pkeyopt", "ec_param_enc:explicit"],
    /^Cannot use key: it cannot be read/,
  ],
  "Ed448": [["-newkey", "ed448"], /TLS does not support the key of "CN=localhost"/],
};

/** The accepted types. Not every client supports Ed25519 with TLS 1.2. */
const ACCEPTED: Record<string, readonly string[]> = {
  "RSA of 2048 bits": ["-newkey", "rsa:2048"],
  "RSA of 2048 bits signed with SHA-1": ["-newkey", "rsa:2048", "-sha1"],
  "P-256": ec("P-256"),
  "P-384": ec("P-384"),
  "P-521": ec("P-521"),
  "Ed25519": ["-newkey", "ed25519"],
};

for (const [name, [keyOptions, reason]] of Object.entries(REFUSED)) {
  test(`TLS options refuse ${name} with a TypeError wherever it is passed`, async (fixture) => {
    const { cert, key, certFile, keyFile } = await make(fixture, keyOptions);
    const { reactor } = fixture;
    const wires = new Wires();
    fixture.run();
    const throws = (f: () => unknown) => assertMatch(assertThrows(f, TypeError).message, reason);
    throws(() => reactor.listenTLS(0, wires, { ...INTERFACE, cert, key }));
    throws(() => reactor.listenTLS(0, wires, { ...INTERFACE, cert: `${key}${cert}` }));
    throws(() => reactor.connectTLS("127.0.0.1", 443, wires, { cert, key }));

    const files = `privateKey=${keyFile}:certKey=${certFile}`;
    const endpoint = serverFromString(reactor, `ssl:0:interface=127.0.0.1:${files}`);
    const error = await assertRejects(async () => await endpoint.listen(wires), TypeError);
    assertMatch(error.message, reason);
    assertMatch(error.message, new RegExp(RegExp.escape(certFile)));

    const tcp = reactor.listenTCP(0, new Wires(), INTERFACE);
    const number = portOf(tcp.getHost());
    const client = clientFromString(reactor, `ssl:127.0.0.1:${number}:hostname=localhost:${files}`);
    const failure = await assertRejects(
      async () => await connectProtocol(client, new Wire()),
      TypeError,
    );
    assertMatch(failure.message, reason);
    assertMatch(failure.message, new RegExp(RegExp.escape(keyFile)));
    for (const role of ["server", "client"] as const) {
      const options = { role, cert, key, serverName: "localhost" };
      assertMatch((await upgradeError(fixture, number, options)).message, reason);
    }
    assertEquals(wires.built, []);
  });

  test(`certificates() that returns ${name} fails only that handshake`, async (fixture) => {
    const wrong = await make(fixture, keyOptions);
    const { authority, server } = await testCertificates();
    const servers = new SecuredWires();
    const port = fixture.reactor.listenTLS(0, servers, {
      ...INTERFACE,
      ...server,
      certificates: (serverName) => serverName === "" ? undefined : wrong,
    });
    fixture.run();
    const connect = (serverName: string) => {
      const clients = new SecuredWires();
      const options = { caCerts: [authority.cert], serverName };
      fixture.reactor.connectTLS("127.0.0.1", portOf(port.getHost()), clients, options);
      return clients;
    };
    await connect("localhost").called("failed");
    const { cause } = await servers.failure();
    assertInstanceOf(cause, TypeError);
    assertMatch(cause.message, reason);
    assertEquals(fixture.errors.take(), [cause]);
    await connect("127.0.0.1").wire();
  });
}

/** Resolves with the error that startTLS() throws. */
async function upgradeError(
  fixture: InteropFixture,
  port: number,
  options: StartTLSOptions,
): Promise<Error> {
  const thrown = Promise.withResolvers<Error>();
  class Upgrading extends Protocol {
    override connectionMade(): void {
      thrown.resolve(assertThrows(() => this.transport.startTLS(options), TypeError));
      this.transport.abortConnection();
    }
  }
  fixture.reactor.connectTCP("127.0.0.1", port, ClientFactory.forProtocol(Upgrading));
  return await thrown.promise;
}

for (const [name, keyOptions] of Object.entries(ACCEPTED)) {
  test(`listenTLS() accepts ${name}`, async (fixture) => {
    const { cert, key, certFile } = await make(fixture, keyOptions);
    const factory = new Wires({ connectionMade: (wire) => wire.transport.write("Hello\n") });
    const port = fixture.reactor.listenTLS(0, factory, { ...INTERFACE, cert: `${key}${cert}` });
    fixture.run();
    const client = fixture.startAloud(
      "s_client",
      ...["-connect", `127.0.0.1:${portOf(port.getHost())}`, "-CAfile", certFile],
    );
    await client.line(/Hello$/);
  });
}

test("caCerts with a weak key throw a TypeError", async (fixture) => {
  const { cert } = await make(fixture, ["-newkey", "rsa:1024"]);
  const { server } = await testCertificates();
  const wires = new Wires();
  const caCerts = [server.cert, cert];
  for (
    const f of [
      () => fixture.reactor.listenTLS(0, wires, { ...INTERFACE, ...server, caCerts }),
      () => fixture.reactor.connectTLS("127.0.0.1", 443, wires, { caCerts }),
    ]
  ) {
    assertThrows(
      f,
      TypeError,
      'Cannot use caCerts[1]: the RSA key of "CN=localhost" has 1024 bits',
    );
  }
});
