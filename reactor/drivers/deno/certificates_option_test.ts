/**
 * The `certificates` option with late or invalid answers. `tls_test.ts` has the names with which it
 * is called.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertStrictEquals } from "@std/assert";
import { Deferred } from "../../../defer/mod.ts";
import { selfSigned } from "../../../testing/fixtures/certificates.ts";
import { SecuredWires, type TLSFixture, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { TLSError } from "../../errors.ts";
import type { TLSServerOptions } from "../../interfaces/mod.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

type Certificates = NonNullable<TLSServerOptions["certificates"]>;

/**
 * Expects that one connection fails because of the option's answer, and that the next one, to an
 * address, succeeds.
 */
async function failsOnce(fixture: TLSFixture, certificates: Certificates): Promise<Error> {
  const servers = new SecuredWires();
  const { port } = fixture.listen(servers, {
    certificates: (serverName) => serverName === "" ? undefined : certificates(serverName),
  });
  fixture.run();
  const clients = new SecuredWires();
  fixture.connect(port, clients, { serverName: "localhost" });
  const [reason] = await Promise.all([servers.failure(), clients.called("failed")]);
  assertInstanceOf(reason, TLSError);
  assertEquals(reason.phase, "handshake");
  fixture.connect(port, clients);
  await clients.wire();
  return reason;
}

Deno.test(
  test("certificates() may return a promise or a Deferred; the handshake waits for it", async (fixture) => {
    const later = await fixture.authority.issue({ name: "CN=later" });
    const answers = [Promise.resolve(later), new Deferred<typeof later>()];
    const called = Promise.withResolvers<void>();
    let calls = 0;
    const certificates: Certificates = () => {
      if (calls === 1) called.resolve();
      return answers[calls++];
    };
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers, { certificates, alpnProtocols: ["a"] });
    fixture.run();
    for (const i of answers.keys()) {
      const clients = new SecuredWires();
      fixture.connect(port, clients, { serverName: "localhost", alpnProtocols: ["a"] });
      const answer = answers[i];
      if (answer instanceof Deferred) {
        await called.promise;
        answer.callback(later);
      }
      const { transport } = await clients.wire();
      assertEquals(transport.getPeerCertificate()?.subject.CN, "later");
      assertEquals(transport.negotiatedProtocol, "a");
    }
  }),
);

Deno.test(
  test("certificates() may promise undefined, which selects the options cert and key", async (fixture) => {
    const { client } = await fixture.pair({ certificates: () => Promise.resolve(undefined) });
    assertEquals(client.transport.getPeerCertificate()?.subject.CN, "localhost");
  }),
);

Deno.test(
  test("certificates() whose promise rejects is logged, and fails only that handshake", async (fixture) => {
    const error = new RangeError("boom");
    const reason = await failsOnce(fixture, () => Promise.reject(error));
    assertStrictEquals(reason.cause, error);
    assertEquals(fixture.errors.take(), [error]);
  }),
);

Deno.test(
  test("certificates() returning a broken thenable is logged, and fails only that handshake", async (fixture) => {
    const error = new RangeError("boom");
    const thenable = {
      then: () => {
        throw error;
      },
    };
    assertStrictEquals((await failsOnce(fixture, () => thenable)).cause, error);
    assertEquals(fixture.errors.take(), [error]);
  }),
);

for (const how of ["at once", "later"]) {
  Deno.test(
    test(`certificates() with an unusable result ${how} fails only that handshake`, async (fixture) => {
      const { cert } = await selfSigned();
      const unusable = { ...fixture.server, cert };
      const answer = how === "at once" ? unusable : Promise.resolve(unusable);
      const { cause } = await failsOnce(fixture, () => answer);
      assertInstanceOf(cause, TypeError);
      assertMatch(cause.message, /^Cannot use key: it does not match cert/);
      assertEquals(fixture.errors.take(), [cause]);
    }),
  );
}

Deno.test(
  test("certificates() with a result without certificate and key logs a clear error", async (fixture) => {
    const { cause } = await failsOnce(fixture, () => ({}));
    assertInstanceOf(cause, TypeError);
    assertMatch(cause.message, /return value of certificates/);
    assertEquals(fixture.errors.take(), [cause]);
  }),
);

Deno.test(
  test("certificates() failures are logged only the 1st, 10th and 100th time", async (fixture) => {
    const error = new RangeError("boom");
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers, {
      certificates: () => {
        throw error;
      },
    });
    fixture.run();
    for (let i = 0; i < 12; i++) {
      const clients = new SecuredWires();
      fixture.connect(port, clients, { serverName: "localhost" });
      assertStrictEquals((await servers.failure(i)).cause, error);
      await clients.called("failed");
    }
    // Only the first and the tenth failure are logged.
    assertEquals(fixture.errors.take(), [error, error]);
  }),
);

Deno.test(
  test("certificates() that never settles fails the handshake after handshakeTimeout", async (fixture) => {
    const servers = new SecuredWires();
    const answer = Promise.withResolvers<typeof fixture.server>();
    const { port } = fixture.listen(servers, {
      certificates: () => answer.promise,
      handshakeTimeout: 0.05,
    });
    fixture.run();
    const clients = new SecuredWires();
    fixture.connect(port, clients);
    const reason = await servers.failure();
    assertInstanceOf(reason, TLSError);
    assertEquals(reason.code, "ETIMEDOUT");
    await clients.called("failed");
    // A late answer has no effect and is not an error.
    answer.resolve(fixture.server);
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
    assertEquals(fixture.errors.take(), []);
  }),
);
