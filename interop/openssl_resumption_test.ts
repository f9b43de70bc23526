/**
 * Sessions that OpenSSL's client resumes. Deno shares sessions between all servers of a process, so
 * each port must verify the client of a resumed session against its own roots, as it does for a new
 * one.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { serverFromString, TCP4ServerEndpoint, wrapServerTLS } from "../endpoints/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { TestAuthority } from "../testing/fixtures/certificates.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { TLSError } from "../reactor/errors.ts";
import type { Address, IListeningPort, TLSServerOptions } from "../reactor/interfaces/mod.ts";
import { sClient } from "./openssl.ts";
import { type TLSFiles, tlsFiles } from "./tls_files.ts";
import { type InteropFixture, interopTest, OPENSSL } from "./tool.ts";

const test = interopTest(OPENSSL);
const VERSIONS = ["-tls1_2", "-tls1_3"];

/** Greets a client by its certificate's name once the handshake is complete. */
class Greeter extends Protocol {
  handshakeCompleted(): void {
    const name = this.transport.getPeerCertificate()?.subject.CN ?? "stranger";
    this.transport.write(`Hello, ${name}\n`);
  }
}

/** Collects the reasons of failed handshakes. */
class Failures {
  readonly reasons: Error[] = [];
  readonly #first = Promise.withResolvers<Error>();

  /** The reason of the first failure. */
  get first(): Promise<Error> {
    return this.#first.promise;
  }

  add(reason: Error): void {
    this.reasons.push(reason);
    this.#first.resolve(reason);
  }
}

/** Creates the factory of a port whose handshakes precede its protocols. */
function greeting(failures: Failures): Factory<Greeter> {
  return Object.assign(Factory.forProtocol(Greeter), {
    handshakeFailed: (_peer: Address, reason: Error) => failures.add(reason),
  });
}

type Listen = (
  fixture: InteropFixture,
  options: TLSServerOptions,
  failures: Failures,
) => IListeningPort | Promise<IListeningPort>;

const INTERFACE = { interface: "127.0.0.1" };

/** Every way to serve TLS. */
const SERVERS: Record<string, Listen> = {
  "listenTLS()": (fixture, options, failures) =>
    fixture.reactor.listenTLS(0, greeting(failures), { ...INTERFACE, ...options }),
  "listenTLS() with certificates": (fixture, { cert = "", key = "", ...options }, failures) => {
    const certificates = () => ({ cert, key });
    return fixture.reactor.listenTLS(0, greeting(failures), {
      ...INTERFACE,
      ...options,
      certificates,
    });
  },
  "startTLS()": (fixture, options, failures) => {
    class Upgrading extends Greeter {
      override connectionMade(): void {
        this.transport.startTLS(options);
      }
      override connectionLost(reason: Error): void {
        if (reason instanceof TLSError) failures.add(reason);
      }
    }
    return fixture.reactor.listenTCP(0, Factory.forProtocol(Upgrading), INTERFACE);
  },
  "wrapServerTLS()": async (fixture, options, failures) => {
    const endpoint = new TCP4ServerEndpoint(fixture.reactor, 0, INTERFACE);
    return await wrapServerTLS(options, endpoint).listen(greeting(failures));
  },
  "ssl: string": async (
    fixture,
    { cert = "", key = "", caCerts = [], clientCertificate },
    failures,
  ) => {
    const folder = fixture.path(".");
    await Deno.mkdir(`${folder}/own`);
    await Deno.mkdir(`${folder}/roots`);
    await Deno.writeTextFile(`${folder}/own/server.pem`, `${key}\n${cert}`);
    for (const [i, caCert] of caCerts.entries()) {
      await Deno.writeTextFile(`${folder}/roots/${i}.pem`, caCert);
    }
    const description = [
      "ssl:0:interface=127.0.0.1",
      `privateKey=${folder}/own/server.pem`,
      ...caCerts.length > 0 ? [`caCertsDir=${folder}/roots`] : [],
      ...clientCertificate === undefined ? [] : [`clientCertificate=${clientCertificate}`],
    ];
    return await serverFromString(fixture.reactor, description.join(":")).listen(
      greeting(failures),
    );
  },
};

/** Listens, and resolves with the port number. */
async function serve(
  fixture: InteropFixture,
  listen: Listen,
  options: TLSServerOptions,
  failures: Failures,
): Promise<number> {
  fixture.run();
  return portOf((await listen(fixture, options, failures)).getHost());
}

/** Connects with a new session, and saves it to a file. */
async function keepSession(
  fixture: InteropFixture,
  port: number,
  files: TLSFiles,
  ...more: string[]
): Promise<string> {
  const session = `${files.folder}/session`;
  await using client = sClient(fixture, port, files, "-sess_out", session, ...more);
  // The greeting comes after the session tickets, so the session is in the file by then.
  await client.line(/Hello, \w+$/);
  return session;
}

/** Resumes a session. Resolves with the greeting; `null` if the server has refused the client. */
async function resume(
  fixture: InteropFixture,
  port: number,
  files: TLSFiles,
  session: string,
  version: string,
): Promise<string | null> {
  await using client = sClient(fixture, port, files, version, "-sess_in", session);
  // The greeting follows this summary of the session. Without a greeting, the server has refused
  // the client, which exits.
  await client.line(/^Reused, TLSv1/);
  const greeted = client.line(/Hello, \w+$/);
  return await greeted.then(([line]) => line.replace(/^.*Hello/, "Hello"), () => null);
}

/** The options with which OpenSSL's client sends Alice's certificate. */
function alice({ folder }: TLSFiles): string[] {
  return ["-cert", `${folder}/client.pem`, "-key", `${folder}/client.key`];
}

for (const [name, listen] of Object.entries(SERVERS)) {
  for (const version of VERSIONS) {
    test(`${name} refuses a session of a port without client certificates, ${version}`, async (fixture) => {
      const files = await tlsFiles(fixture);
      const failures = new Failures();
      const open = await serve(fixture, SERVERS["listenTLS()"] ?? listen, files.server, failures);
      const session = await keepSession(fixture, open, files, version);
      const options = { ...files.server, caCerts: [files.authority.cert] };
      const strict = await serve(fixture, listen, options, failures);
      assertEquals(await resume(fixture, strict, files, session, version), null);
      const reason = await failures.first;
      assertInstanceOf(reason, TLSError);
      assertEquals(reason.code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    });

    for (const clientCertificate of ["require", "request"] as const) {
      test(`${name} refuses a session of other roots, with "${clientCertificate}", ${version}`, async (fixture) => {
        const files = await tlsFiles(fixture);
        const failures = new Failures();
        const port1 = fixture.reactor.listenTLS(0, greeting(failures), {
          ...INTERFACE,
          ...files.server,
          caCerts: [files.authority.cert],
        });
        fixture.run();
        const session = await keepSession(
          fixture,
          portOf(port1.getHost()),
          files,
          version,
          ...alice(files),
        );
        // A session outlives its port.
        await port1.stopListening();
        const stranger = await TestAuthority.make("CN=Stranger");
        const options = { ...files.server, caCerts: [stranger.cert], clientCertificate };
        const port2 = await serve(fixture, listen, options, failures);
        assertEquals(await resume(fixture, port2, files, session, version), null);
        const reason = await failures.first;
        assertInstanceOf(reason, TLSError);
        assertEquals(reason.code, "CERT_SIGNATURE_FAILURE");
      });

      test(`${name} resumes its own session, with "${clientCertificate}", ${version}`, async (fixture) => {
        const files = await tlsFiles(fixture);
        const failures = new Failures();
        const options = { ...files.server, caCerts: [files.authority.cert], clientCertificate };
        const port = await serve(fixture, listen, options, failures);
        const session = await keepSession(fixture, port, files, version, ...alice(files));
        assertEquals(await resume(fixture, port, files, session, version), "Hello, Alice");
      });
    }

    test(`${name} without client certificates reports none on resumption, ${version}`, async (fixture) => {
      const files = await tlsFiles(fixture);
      const failures = new Failures();
      const options = { ...files.server, caCerts: [files.authority.cert] };
      const strict = await serve(fixture, listen, options, failures);
      const session = await keepSession(fixture, strict, files, version, ...alice(files));
      const open = await serve(fixture, listen, files.server, failures);
      assertEquals(await resume(fixture, open, files, session, version), "Hello, stranger");
    });
  }
}

for (const version of VERSIONS) {
  test(`listenTLS() with "request" resumes sessions with an intermediate, ${version}`, async (fixture) => {
    const files = await tlsFiles(fixture);
    const failures = new Failures();
    const options = {
      ...files.server,
      caCerts: [files.authority.cert],
      clientCertificate: "request",
    } as const;
    const port = fixture.reactor.listenTLS(0, greeting(failures), { ...INTERFACE, ...options });
    fixture.run();
    const number = portOf(port.getHost());
    const without = await keepSession(fixture, number, files, version);
    assertEquals(await resume(fixture, number, files, without, version), "Hello, stranger");

    const delegate = await files.authority.delegate();
    const { cert, key } = await delegate.issue({ name: "CN=Bob", dns: [], ip: [] });
    const [certFile, keyFile, chainFile] = ["bob.pem", "bob.key", "delegate.pem"]
      .map((name) => `${files.folder}/${name}`);
    assert(certFile !== undefined && keyFile !== undefined && chainFile !== undefined);
    await Deno.writeTextFile(certFile, cert);
    await Deno.writeTextFile(keyFile, key);
    await Deno.writeTextFile(chainFile, delegate.cert);
    const bob = ["-cert", certFile, "-key", keyFile, "-cert_chain", chainFile];
    const session = await keepSession(fixture, number, files, version, ...bob);
    assertEquals(await resume(fixture, number, files, session, version), "Hello, Bob");
    assertEquals(failures.reasons, []);
  });
}
