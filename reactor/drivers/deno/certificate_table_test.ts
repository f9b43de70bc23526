/**
 * The table of certificates in real handshakes, with a peer of `node:tls` that sends any
 * certificate.
 */

import { assertEquals, assertInstanceOf, assertNotEquals } from "@std/assert";
import type { CertificateCase, Shown } from "../../../testing/fixtures/certificate_case.ts";
import { CERTIFICATE_TABLE } from "../../../testing/fixtures/certificate_table.ts";
import { connectShowing, serveShowing } from "../../../testing/fixtures/showing_peers.ts";
import { SecuredWires, type TLSFixture, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { TLSError } from "../../errors.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

/** Returns the failure of a handshake; null for a connection, which is then closed. */
async function verdict(
  wires: SecuredWires,
  failure: Promise<Error | undefined>,
): Promise<Error | null> {
  const wire = await Promise.race([wires.wire(), failure]);
  if (wire instanceof Error || wire === undefined) return wire ?? null;
  wire.transport.abortConnection();
  await wire.lost();
  return null;
}

/** Returns why this library's client refuses the server; null if it accepts. */
async function clientVerdict(fixture: TLSFixture, shown: Shown): Promise<Error | null> {
  const { host = "localhost", roots } = shown;
  await using server = await serveShowing(shown);
  const clients = new SecuredWires();
  const caCerts = roots.map(({ pem }) => pem);
  fixture.connect(server.port, clients, { serverName: host, caCerts });
  fixture.run();
  return await verdict(clients, clients.called("failed").then(() => clients.reasons[0]));
}

/** Returns why this library's server refuses the client; null if it accepts. */
async function serverVerdict(fixture: TLSFixture, shown: Shown): Promise<Error | null> {
  const servers = new SecuredWires();
  const caCerts = shown.roots.map(({ pem }) => pem);
  const { port } = fixture.listen(servers, { caCerts });
  fixture.run();
  await using _client = await connectShowing(port, shown);
  return await verdict(servers, servers.failure());
}

// Several rows in one test, because the setup of a test with sockets costs more than a handshake.
const groups = Map.groupBy(CERTIFICATE_TABLE, ({ name }) => name.split(" ")[0] ?? "");
for (const [group, cases] of groups) {
  Deno.test(
    test(`connectTLS() accepts or refuses each server certificate of the table: ${group} …`, async (fixture) => {
      for (const each of cases) {
        check(each, await clientVerdict(fixture, await each.make("server")));
      }
    }),
  );
  const both = cases.filter(({ side, isUnshowable }) => side === undefined && !isUnshowable);
  if (both.length === 0) continue;
  Deno.test(
    test(`listenTLS() accepts or refuses each client certificate of the table: ${group} …`, async (fixture) => {
      for (const each of both) check(each, await serverVerdict(fixture, await each.make("client")));
    }),
  );
}

function check({ name, code, isVetoed = false }: CertificateCase, refusal: Error | null): void {
  if (code === null && !isVetoed) assertEquals(refusal, null, name);
  else {
    assertInstanceOf(refusal, TLSError, name);
    // A client without a certificate would also be refused.
    assertNotEquals(refusal.code, "ETIMEDOUT", name);
  }
}
