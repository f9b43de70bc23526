/** The identity of peers, beyond the table of certificates. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
// The certificate library uses decorators, which need `reflect-metadata` to be imported first.
import "reflect-metadata";
import { Extension } from "@peculiar/x509";
import type { Shown } from "../../../testing/fixtures/certificate_case.ts";
import { element } from "../../../testing/fixtures/der_writer.ts";
import {
  authority,
  constraints,
  Forged,
  type ForgedOptions,
  names,
  purpose,
} from "../../../testing/fixtures/forged_certificates.ts";
import { Program } from "../../../testing/fixtures/program.ts";
import { connectShowing, serveShowing } from "../../../testing/fixtures/showing_peers.ts";
import { portOf } from "../../../testing/fixtures/tcp_fixture.ts";
import { SecuredWires, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { TLSError } from "../../errors.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

const LOCALHOST = names({ type: "dns", value: "localhost" });
const GARBAGE = `-----BEGIN CERTIFICATE-----\n${
  btoa("not a certificate")
}\n-----END CERTIFICATE-----`;

async function underRoot(leaf: ForgedOptions, middle?: ForgedOptions): Promise<Shown> {
  const root = await Forged.root({ extensions: [authority()] });
  if (middle === undefined) return { leaf: await root.issue(leaf), roots: [root] };
  const issuer = await root.issue({ subject: "CN=Middle", ...middle });
  return { leaf: await issuer.issue(leaf), others: [issuer], roots: [root] };
}

const FORGING = {
  subject: [{ O: ["x\nCN=admin"] }],
  extensions: [
    names({ type: "dns", value: "localhost" }, {
      type: "url",
      value: "http://m.test/, DNS:a.test, DNS:b.test",
    }),
  ],
};

Deno.test(
  test("getPeerCertificate() returns no name that is hidden in the text of another name", async (fixture) => {
    const shown = await underRoot(FORGING);
    const caCerts = shown.roots.map(({ pem }) => pem);
    await using server = await serveShowing(shown);
    const [clients, servers] = [new SecuredWires(), new SecuredWires()];
    fixture.connect(server.port, clients, { serverName: "localhost", caCerts });
    const { port } = fixture.listen(servers, { caCerts });
    fixture.run();
    await using _client = await connectShowing(port, shown);
    for (const { transport } of await Promise.all([clients.wire(), servers.wire()])) {
      const certificate = transport.getPeerCertificate();
      assertEquals(certificate?.subject, { O: "x\nCN=admin" });
      assertEquals(certificate?.subjectAltName, [
        "DNS:localhost",
        "URI:http://m.test/, DNS:a.test, DNS:b.test",
      ]);
      transport.abortConnection();
    }
  }),
);

Deno.test(
  test("connectTLS() and listenTLS() fail only the handshake of a chain with invalid DER", async (fixture) => {
    const chain = await underRoot({ extensions: [LOCALHOST] }, { extensions: [authority()] });
    const shown = { ...chain, garbage: GARBAGE };
    const caCerts = shown.roots.map(({ pem }) => pem);
    await using server = await serveShowing(shown);
    const [clients, servers] = [new SecuredWires(), new SecuredWires()];
    fixture.connect(server.port, clients, { serverName: "localhost", caCerts });
    const { port } = fixture.listen(servers, { caCerts });
    fixture.run();
    await using _client = await connectShowing(port, shown);
    await clients.called("failed");
    for (const reason of [clients.reasons[0], await servers.failure()]) {
      assertInstanceOf(reason, TLSError);
      assertEquals(reason.code, "CERT_REJECTED");
    }
  }),
);

Deno.test(
  test("unsafelyIgnoreCertificateErrors accepts an unreadable certificate; none is returned", async (fixture) => {
    // A DNS name with characters outside ASCII.
    const name = element(0x30, element(0x82, new Uint8Array([0xff])));
    const unreadable = { extensions: [new Extension("2.5.29.17", false, name)] };
    for (const [leaf, isShown] of [[unreadable, false], [FORGING, true]] as const) {
      await using server = await serveShowing({ ...await underRoot(leaf), garbage: GARBAGE });
      const clients = new SecuredWires();
      fixture.connect(server.port, clients, { unsafelyIgnoreCertificateErrors: true });
      fixture.run();
      const { transport } = await clients.wire();
      assertEquals(transport.getPeerCertificate() !== null, isShown);
      transport.abortConnection();
    }
  }),
);

Deno.test(
  test("startTLS() checks certificate names as connectTLS() does, also on the accepting side", async (fixture) => {
    const { leaf, roots: [root] } = await underRoot({
      extensions: [names({ type: "url", value: "http://m.test/, DNS:localhost" })],
    });
    const asServer = { cert: leaf.pem, key: await leaf.key() };
    const asClient = { serverName: "localhost", caCerts: [root?.pem ?? ""] };
    for (const isReversed of [false, true]) {
      const [servers, clients] = [new SecuredWires(), new SecuredWires()];
      const port = fixture.reactor.listenTCP(0, servers, { interface: "127.0.0.1" });
      fixture.reactor.connectTCP("127.0.0.1", portOf(port.getHost()), clients);
      fixture.run();
      const ends = await Promise.all([servers.wire(), clients.wire()]);
      const [server, client] = isReversed ? ends.toReversed() : ends;
      assert(server !== undefined && client !== undefined);
      server.transport.startTLS({ ...asServer, role: "server" });
      client.transport.startTLS({ ...asClient, role: "client" });
      const reason = await client.lost();
      assertInstanceOf(reason, TLSError);
      assertEquals(reason.code, "ERR_TLS_CERT_ALTNAME_INVALID");
      await server.lost();
    }
  }),
);

const SYSTEM: Record<string, [leaf: ForgedOptions, middle: ForgedOptions, outcome: RegExp]> = {
  "a good certificate": [{ extensions: [LOCALHOST] }, {}, /^connected$/],
  "a common name only": [{ subject: "CN=localhost" }, {}, /^ERR_TLS_CERT_ALTNAME_INVALID$/],
  "a URI with the name in it": [
    { extensions: [names({ type: "url", value: "http://m.test/, DNS:localhost" })] },
    {},
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
  ],
  "a client's purpose": [{ extensions: [LOCALHOST, purpose("client")] }, {}, /^(?!connected)/],
  "an expired intermediate": [{ extensions: [LOCALHOST] }, { days: [-2, -1] }, /^(?!connected)/],
  "names that are not permitted": [
    { extensions: [LOCALHOST] },
    { extensions: [authority(), constraints([{ dns: "m.test" }])] },
    /^(?!connected)/,
  ],
};
for (const [what, [leaf, middle, outcome]] of Object.entries(SYSTEM)) {
  Deno.test(
    test(`connectTLS() with the system's roots checks a server with ${what}`, async (fixture) => {
      const shown = await underRoot(leaf, { extensions: [authority()], ...middle });
      await using server = await serveShowing(shown);
      const folder = await Deno.makeTempDir();
      fixture.after(() => Deno.remove(folder, { recursive: true }));
      const file = `${folder}/root.pem`;
      await Deno.writeTextFile(file, shown.roots.map(({ pem }) => pem).join("\n"));
      const program = "testing/fixtures/tls_client_program.ts";
      await using client = new Program(["run", "--allow-net", program, `${server.port}`], {
        environment: { DENO_CERT: file },
      });
      const { lines, errors } = await client.end();
      assert(outcome.test(lines.join("\n")), `${lines}${errors}`);
    }),
  );
}
