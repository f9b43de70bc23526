/** Resumed sessions of clients; `interop/openssl_resumption_test.ts` has those of servers. */

import { assert, assertInstanceOf } from "@std/assert";
import { TestAuthority } from "../../../testing/fixtures/certificates.ts";
import { SecuredWires, type TLSFixture, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { TLSError } from "../../errors.ts";
import type { ConnectTLSOptions } from "../../interfaces/mod.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

/** Connects, and waits for the server's first bytes, which follow its session tickets. */
async function converse(
  fixture: TLSFixture,
  port: number,
  options: ConnectTLSOptions,
): Promise<void> {
  const clients = new SecuredWires();
  fixture.connect(port, clients, { serverName: "localhost", ...options });
  const client = await clients.wire();
  await client.has(1);
  client.transport.loseConnection();
  await client.lost();
}

Deno.test(
  test("connectTLS() verifies the server again despite sessions of earlier connections", async (fixture) => {
    const stranger = await TestAuthority.make("CN=Stranger");
    const servers = new SecuredWires({ connectionMade: (wire) => wire.transport.write("x") });
    const { port } = fixture.listen(servers);
    fixture.run();
    const caCerts = [fixture.authority.cert];
    await converse(fixture, port, { caCerts, unsafelyIgnoreCertificateErrors: true });
    await converse(fixture, port, { caCerts });
    // Each must fail despite the session: the system's roots, other roots, and another name.
    for (
      const options of [{ caCerts: [] }, { caCerts: [stranger.cert] }, { serverName: "other.test" }]
    ) {
      const clients = new SecuredWires();
      fixture.connect(port, clients, { serverName: "localhost", ...options });
      await clients.called("failed");
      const [reason] = clients.reasons;
      assert(reason !== undefined);
      assertInstanceOf(reason, TLSError);
    }
  }),
);
