/** The `certificates` option where it answers later, or badly; what it is asked for is in `tls_test.ts`. */

import { assertEquals, assertInstanceOf, assertMatch, assertStrictEquals } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { selfSigned } from "../conformance/certificates.ts";
import { SecuredWires, type TlsBed, tlsTest } from "../conformance/tls_bed.ts";
import { TLSError } from "../errors.ts";
import type { TLSServerOptions } from "../interfaces.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

type Certificates = NonNullable<TLSServerOptions["certificates"]>;

/** Expects one connection to fail because of the option's answer, and the next one, to an address, to be made. */
async function failsOnce(bed: TlsBed, certificates: Certificates): Promise<Error> {
  const servers = new SecuredWires();
  const { port } = bed.listen(servers, {
    certificates: (serverName) => serverName === "" ? undefined : certificates(serverName),
  });
  bed.run();
  const clients = new SecuredWires();
  bed.connect(port, clients, { serverName: "localhost" });
  const [reason] = await Promise.all([servers.failure(), clients.told("failed")]);
  assertInstanceOf(reason, TLSError);
  assertEquals(reason.phase, "handshake");
  bed.connect(port, clients);
  await clients.wire();
  return reason;
}

test("certificates may return a promise or a Deferred: the handshake waits for it", async (bed) => {
  const later = await bed.authority.issue({ name: "CN=later" });
  const answers = [Promise.resolve(later), new Deferred<typeof later>()];
  const asked = Promise.withResolvers<void>();
  let calls = 0;
  const certificates: Certificates = () => {
    if (calls === 1) asked.resolve();
    return answers[calls++];
  };
  const servers = new SecuredWires();
  const { port } = bed.listen(servers, { certificates, alpnProtocols: ["a"] });
  bed.run();
  for (const i of answers.keys()) {
    const clients = new SecuredWires();
    bed.connect(port, clients, { serverName: "localhost", alpnProtocols: ["a"] });
    const answer = answers[i];
    if (answer instanceof Deferred) {
      await asked.promise;
      answer.callback(later);
    }
    const { transport } = await clients.wire();
    assertEquals(transport.getPeerCertificate()?.subject.CN, "later");
    assertEquals(transport.negotiatedProtocol, "a");
  }
});

test("certificates that promises undefined stands for cert and key", async (bed) => {
  const { client } = await bed.pair({ certificates: () => Promise.resolve(undefined) });
  assertEquals(client.transport.getPeerCertificate()?.subject.CN, "localhost");
});

test("certificates whose promise rejects is logged and fails that handshake", async (bed) => {
  const error = new RangeError("boom");
  const reason = await failsOnce(bed, () => Promise.reject(error));
  assertStrictEquals(reason.cause, error);
  assertEquals(bed.errors.take(), [error]);
});

test("certificates that returns a broken thenable is logged and fails that handshake", async (bed) => {
  const error = new RangeError("boom");
  const thenable = {
    then: () => {
      throw error;
    },
  };
  assertStrictEquals((await failsOnce(bed, () => thenable)).cause, error);
  assertEquals(bed.errors.take(), [error]);
});

for (const how of ["at once", "later"]) {
  test(`certificates whose answer cannot be used ${how} is logged and fails that handshake`, async (bed) => {
    const { cert } = await selfSigned();
    const wrong = { ...bed.server, cert };
    const answer = how === "at once" ? wrong : Promise.resolve(wrong);
    const { cause } = await failsOnce(bed, () => answer);
    assertInstanceOf(cause, TypeError);
    assertMatch(cause.message, /^Cannot use key: it is not the key of cert/);
    assertEquals(bed.errors.take(), [cause]);
  });
}

test("certificates that returns neither a certificate nor a key says so", async (bed) => {
  const { cause } = await failsOnce(bed, () => ({}));
  assertInstanceOf(cause, TypeError);
  assertMatch(cause.message, /answer of certificates/);
  assertEquals(bed.errors.take(), [cause]);
});

test("certificates that fails again and again does not fill the log", async (bed) => {
  const error = new RangeError("boom");
  const servers = new SecuredWires();
  const { port } = bed.listen(servers, {
    certificates: () => {
      throw error;
    },
  });
  bed.run();
  for (let i = 0; i < 12; i++) {
    const clients = new SecuredWires();
    bed.connect(port, clients, { serverName: "localhost" });
    assertStrictEquals((await servers.failure(i)).cause, error);
    await clients.told("failed");
  }
  // The first, and the tenth.
  assertEquals(bed.errors.take(), [error, error]);
});

test("certificates that never answers: the handshake fails after handshakeTimeout", async (bed) => {
  const servers = new SecuredWires();
  const answer = Promise.withResolvers<typeof bed.server>();
  const { port } = bed.listen(servers, {
    certificates: () => answer.promise,
    handshakeTimeout: 0.05,
  });
  bed.run();
  const clients = new SecuredWires();
  bed.connect(port, clients);
  const reason = await servers.failure();
  assertInstanceOf(reason, TLSError);
  assertEquals(reason.code, "ETIMEDOUT");
  await clients.told("failed");
  // An answer that comes too late changes nothing, and is not an error.
  answer.resolve(bed.server);
  for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
  assertEquals(bed.errors.take(), []);
});
