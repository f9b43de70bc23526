/** The client's side of resumed sessions; for the server's see `interop/openssl_resumption_test.ts`. */

import { assert, assertInstanceOf } from "@std/assert";
import { TestAuthority } from "../conformance/certificates.ts";
import { SecuredWires, type TlsBed, tlsTest } from "../conformance/tls_bed.ts";
import { TLSError } from "../errors.ts";
import type { ConnectTLSOptions } from "../interfaces.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

/** Connects, and waits for the server's first bytes: its tickets come before them. */
async function converse(bed: TlsBed, port: number, options: ConnectTLSOptions): Promise<void> {
  const clients = new SecuredWires();
  bed.connect(port, clients, { serverName: "localhost", ...options });
  const client = await clients.wire();
  await client.has(1);
  client.transport.loseConnection();
  await client.lost();
}

test("connectTLS() verifies the server again, whatever session another connection has left", async (bed) => {
  const stranger = await TestAuthority.make("CN=Stranger");
  const servers = new SecuredWires({ connectionMade: (wire) => wire.transport.write("x") });
  const { port } = bed.listen(servers);
  bed.run();
  const caCerts = [bed.authority.cert];
  await converse(bed, port, { caCerts, unsafelyIgnoreCertificateErrors: true });
  await converse(bed, port, { caCerts });
  // The system's roots, other roots, and another name.
  for (
    const options of [{ caCerts: [] }, { caCerts: [stranger.cert] }, { serverName: "other.test" }]
  ) {
    const clients = new SecuredWires();
    bed.connect(port, clients, { serverName: "localhost", ...options });
    await clients.told("failed");
    const [reason] = clients.reasons;
    assert(reason !== undefined);
    assertInstanceOf(reason, TLSError);
  }
});
