/**
 * The identity of peers, by certificates that OpenSSL has made: accepted and refused names, usages
 * and chains.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { SecuredWires } from "../testing/fixtures/tls_fixture.ts";
import { TLSError } from "../reactor/errors.ts";
import type { Wire } from "../testing/fixtures/wire.ts";
import { type InteropFixture, interopTest, OPENSSL } from "./tool.ts";

const test = interopTest(OPENSSL);

const P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA = ["-newkey", "rsa:2048"];

/** A certificate and its key, as files. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A folder in which OpenSSL signs certificates. */
class Signing {
  readonly #fixture: InteropFixture;
  readonly #folder: string;
  #made = 0;

  constructor(fixture: InteropFixture) {
    this.#fixture = fixture;
    this.#folder = fixture.path(".");
  }

  /** Creates a self-signed certificate, as `openssl req -x509` does. */
  async root(subject: string, ...more: string[]): Promise<Identity> {
    const own = this.#next();
    const output = ["-out", own.cert, "-keyout", own.key];
    await this.#run("req", "-x509", "-nodes", "-days", "2", "-subj", subject, ...output, ...more);
    return own;
  }

  /**
   * Creates a certificate with these extensions, in the form of a configuration file. Without any
   * it has version 1.
   */
  async issue(
    issuer: Identity,
    subject: string,
    extensions: string,
    { newKey = P256, signing = [] }: { newKey?: string[]; signing?: string[] } = {},
  ): Promise<Identity> {
    const own = this.#next();
    const request = `${own.cert}.csr`;
    const output = ["-out", request, "-keyout", own.key];
    await this.#run("req", "-new", "-nodes", "-subj", subject, ...newKey, ...output);
    const signer = ["-CA", issuer.cert, "-CAkey", issuer.key, "-CAcreateserial"];
    const more = extensions === "" ? [] : ["-extfile", await this.file(extensions)];
    const days = signing.includes("-days") ? [] : ["-days", "2"];
    const input = ["-in", request, "-out", own.cert];
    await this.#run("x509", "-req", ...days, ...input, ...signer, ...more, ...signing);
    return own;
  }

  /** Creates a file with this text. */
  async file(text: string): Promise<string> {
    const { cert } = this.#next();
    await Deno.writeTextFile(cert, text);
    return cert;
  }

  #next(): Identity {
    const name = `${this.#folder}/${++this.#made}`;
    return { cert: `${name}.pem`, key: `${name}.key` };
  }

  async #run(...args: string[]): Promise<void> {
    const { code, errors } = await this.#fixture.start(...args).end();
    assertEquals(code, 0, errors);
  }
}

const read = (path: string): Promise<string> => Deno.readTextFile(path);

/**
 * Connects to OpenSSL's server.
 *
 * @returns The connection, or the code of the rejection.
 */
async function connect(
  fixture: InteropFixture,
  server: Identity,
  root: Identity,
  { serverName = "localhost", more = [] }: { serverName?: string; more?: string[] } = {},
): Promise<Wire | string | undefined> {
  await using program = fixture.startAloud(
    "s_server",
    ...["-accept", "127.0.0.1:0", "-naccept", "1", "-cert", server.cert, "-key", server.key],
    ...more,
  );
  const [, port] = await program.line(/^ACCEPT 127\.0\.0\.1:(\d+)$/);
  const clients = new SecuredWires();
  const options = { serverName, caCerts: [await read(root.cert)] };
  fixture.reactor.connectTLS("127.0.0.1", Number(port), clients, options);
  fixture.run();
  const wire = await Promise.race([clients.wire(), clients.called("failed").then(() => null)]);
  if (wire !== null) return wire;
  const [reason] = clients.reasons;
  assertInstanceOf(reason, TLSError);
  return reason.code;
}

/**
 * Lets OpenSSL's client connect.
 *
 * @returns The server's side of the connection, or the error of its handshake.
 */
async function accept(
  fixture: InteropFixture,
  client: Identity,
  root: Identity,
): Promise<Wire | Error> {
  const servers = new SecuredWires();
  const signing = new Signing(fixture);
  const own = await signing.root("/CN=localhost", ...P256);
  const port = fixture.reactor.listenTLS(0, servers, {
    ...{ interface: "127.0.0.1", cert: await read(own.cert), key: await read(own.key) },
    caCerts: [await read(root.cert)],
  });
  fixture.run();
  const address = `127.0.0.1:${portOf(port.getHost())}`;
  fixture.startAloud("s_client", "-connect", address, "-cert", client.cert, "-key", client.key);
  return await Promise.race([servers.wire(), servers.failure()]);
}

const SERVERS: [what: string, subject: string, extensions: string, refusal?: string][] = [
  ["a DNS name", "/CN=x", "subjectAltName=DNS:localhost"],
  ["no alternative name", "/CN=localhost", "basicConstraints=CA:FALSE", "ALTNAME"],
  ["a URI with a name in it", "/CN=x", "URI=http://m.test/, DNS:localhost", "ALTNAME"],
  ["two DNS names in one", "/CN=x", "DNS=mallory.test, DNS:localhost", "ALTNAME"],
  [
    "a directory name with another in it",
    "/CN=x",
    "dirName=d\n[d]\nCN=m, DNS:localhost",
    "ALTNAME",
  ],
  ["a partial wildcard", "/CN=x", "DNS=l*t", "ALTNAME"],
  ["a wildcard for all", "/CN=x", "DNS=*", "ALTNAME"],
  ["an address", "/CN=x", "subjectAltName=IP:127.0.0.1", "ALTNAME"],
  [
    "the usage of a client",
    "/CN=x",
    "subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth",
    "PURPOSE|VERIFY",
  ],
  ["version 1", "/CN=localhost", "", "VERSION|VERIFY|SIGNATURE"],
];
for (const [what, subject, extensions, refusal] of SERVERS) {
  const verb = refusal === undefined ? "accepts" : "refuses";
  test(`connectTLS() ${verb} s_server with ${what}`, async (fixture) => {
    const signing = new Signing(fixture);
    const root = await signing.root("/CN=Root", ...P256);
    // A file with its own name, because the name may contain commas.
    const lines = /^(URI|DNS|dirName)=/.test(extensions)
      ? `subjectAltName=@names\n[names]\n${extensions}\n`
      : extensions;
    const outcome = await connect(fixture, await signing.issue(root, subject, lines), root);
    if (refusal === undefined) assert(typeof outcome === "object");
    else assert(typeof outcome === "string" && new RegExp(refusal).test(outcome), String(outcome));
  });
}

test("connectTLS() accepts s_server with a wildcard, and with an address", async (fixture) => {
  const signing = new Signing(fixture);
  const root = await signing.root("/CN=Root", ...P256);
  const names = "subjectAltName=DNS:*.example.test,IP:127.0.0.1";
  const server = await signing.issue(root, "/CN=x", names);
  for (const serverName of ["foo.example.test", "127.0.0.1"]) {
    assert(typeof await connect(fixture, server, root, { serverName }) === "object");
  }
});

test("connectTLS() refuses s_server with a certificate that has expired", async (fixture) => {
  const signing = new Signing(fixture);
  const root = await signing.root("/CN=Root", ...P256);
  const names = "subjectAltName=DNS:localhost";
  const server = await signing.issue(root, "/CN=x", names, { signing: ["-days", "-1"] });
  const outcome = await connect(fixture, server, root);
  assert(outcome === "UNABLE_TO_VERIFY_LEAF_SIGNATURE" || outcome === "CERT_HAS_EXPIRED");
});

test("connectTLS() accepts s_server with a root certificate of req -x509 as its own", async (fixture) => {
  const signing = new Signing(fixture);
  const own = await signing.root(
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    ...RSA,
  );
  assert(typeof await connect(fixture, own, own) === "object");
});

test("connectTLS() accepts s_server with a certificate that is signed with RSA-PSS", async (fixture) => {
  const signing = new Signing(fixture);
  const root = await signing.root("/CN=Root", ...RSA);
  const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", "-sha256"];
  const names = "subjectAltName=DNS:localhost";
  const server = await signing.issue(root, "/CN=x", names, { signing: pss });
  assert(typeof await connect(fixture, server, root) === "object");
});

for (const name of ["P-521", "P-224", "P-192", "secp256k1", "brainpoolP256r1"]) {
  test(`connectTLS() accepts s_server with an unused ${name} key in its chain`, async (fixture) => {
    const signing = new Signing(fixture);
    const curve = (name: string) => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${name}`];
    const root = await signing.root("/CN=Root", ...curve("P-521"), "-sha512");
    const middle = await signing.issue(root, "/CN=Middle", "basicConstraints=critical,CA:TRUE", {
      signing: ["-sha512"],
    });
    const server = await signing.issue(middle, "/CN=x", "subjectAltName=DNS:localhost");
    const stray = await read((await signing.root("/CN=Middle", ...curve(name))).cert);
    const show = async (chain: string) => {
      // OpenSSL's own rules forbid it to send a key on P-192.
      const anything = ["-cipher", "ALL:@SECLEVEL=0"];
      const more = [...anything, "-cert_chain", await signing.file(chain)];
      return await connect(fixture, server, root, { more });
    };
    const good = await show(stray + await read(middle.cert));
    assert(typeof good === "object", String(good));
    // Without the valid intermediate no path leads to the root, which fails only that handshake.
    assertEquals(typeof await show(stray), "string");
  });
}

test("getPeerCertificate() returns no name that s_client hides inside another name", async (fixture) => {
  const signing = new Signing(fixture);
  const root = await signing.root("/CN=Root", ...P256);
  const names = "subjectAltName=@names\n[names]\nURI=http://m.test/, DNS:a.test, DNS:b.test\n";
  const client = await signing.issue(root, "/O=x\nCN=admin", names);
  const wire = await accept(fixture, client, root);
  assert(!(wire instanceof Error), String(wire));
  const certificate = wire.transport.getPeerCertificate();
  assertEquals(certificate?.subject, { O: "x\nCN=admin" });
  assertEquals(certificate?.subjectAltName, ["URI:http://m.test/, DNS:a.test, DNS:b.test"]);
});

for (
  const [what, extensions] of Object.entries({
    "of version 1": "",
    "with an unknown critical extension": "1.2.3.4=critical,ASN1:NULL",
    "for servers": "extendedKeyUsage=serverAuth",
  })
) {
  test(`listenTLS() refuses s_client with a certificate ${what}`, async (fixture) => {
    const signing = new Signing(fixture);
    const root = await signing.root("/CN=Root", ...P256);
    const client = await signing.issue(root, "/CN=client", extensions);
    assertInstanceOf(await accept(fixture, client, root), TLSError);
  });
}
