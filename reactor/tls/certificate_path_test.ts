/**
 * The cost and the errors of a path search. `testing/fixtures/certificate_table.ts` has the other
 * cases.
 */

import { assert, assertEquals } from "@std/assert";
import { authority, Forged } from "../../testing/fixtures/forged_certificates.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { CertificatePath, type Rejection } from "./certificate_path.ts";

const root = readCertificate((await Forged.root({ extensions: [authority()] })).der);

Deno.test("CertificatePath checks at most 100 signatures for any set of certificates", async () => {
  // Each certificate has the name of all others, and of itself, as its issuer.
  const own = await Forged.root({ subject: "CN=Own", extensions: [authority()] });
  const others = await Promise.all(
    Array.from({ length: 9 }, () => own.issue({ subject: "CN=Own", extensions: [authority()] })),
  );
  let checked = 0;
  const good = (): null => {
    checked += 1;
    return null;
  };
  const [leaf, ...rest] = [own, ...others].map(({ der }) => readCertificate(der));
  assert(leaf !== undefined);
  const path = new CertificatePath([root], "server", good, Date.now());
  assertEquals(path.reject(leaf, rest)?.code, "CERT_SIGNATURE_FAILURE");
  assertEquals(checked, 100);
});

Deno.test("CertificatePath compares the names of each pair of certificates once", async () => {
  const own = await Forged.root({ subject: "CN=Own", extensions: [authority()] });
  const others = await Promise.all(
    Array.from({ length: 9 }, () => own.issue({ subject: "CN=Own", extensions: [authority()] })),
  );
  const [leaf, ...rest] = [own, ...others].map(({ der }) => readCertificate(der));
  assert(leaf !== undefined);
  let compared = 0;
  const constrained = rest.map((certificate): Certificate => {
    const nameConstraints = {
      permitted: [],
      get excluded(): [] {
        compared += 1;
        return [];
      },
    };
    return { ...certificate, extensions: { ...certificate.extensions, nameConstraints } };
  });
  const path = new CertificatePath([root], "server", () => null, Date.now());
  assertEquals(path.reject(leaf, constrained)?.code, "CERT_SIGNATURE_FAILURE");
  assert(compared <= 90, `${compared} comparisons of 10 certificates`);
});

Deno.test("CertificatePath is limited to ten certificates; pathLength ignores self-issued ones", async () => {
  const long = async (length: number): Promise<Rejection | null> => {
    const chain = [await Forged.root({ extensions: [authority(true, 0)] })];
    for (let i = 1; i < length; i++) {
      const last = chain.at(-1);
      // Self-issued: each has the name of its issuer.
      if (last !== undefined) {
        chain.push(await last.issue({ subject: "CN=Root", extensions: [authority()] }));
      }
    }
    const leaf = await chain.at(-1)?.issue({ subject: "CN=Leaf" });
    const [top, ...others] = chain.map(({ der }) => readCertificate(der));
    assert(top !== undefined && leaf !== undefined);
    const isIssuer = (signed: Uint8Array, issuer: Uint8Array): boolean =>
      chain.some((each, i) => same(each.der, issuer) && same([...chain, leaf][i + 1]?.der, signed));
    const path = new CertificatePath(
      [top],
      "server",
      (certificate, issuer) =>
        isIssuer(certificate.der, issuer.der)
          ? null
          : { code: "CERT_SIGNATURE_FAILURE", reason: "it is another's" },
      Date.now(),
    );
    return path.reject(readCertificate(leaf.der), others);
  };
  assertEquals(await long(9), null);
  assertEquals((await long(12))?.code, "CERT_SIGNATURE_FAILURE");
});

Deno.test("CertificatePath accepts no issuer with an empty name", async () => {
  const nameless = await Forged.root({ subject: [], extensions: [authority()] });
  const roots = [readCertificate(nameless.der)];
  const leaf = readCertificate((await nameless.issue()).der);
  const path = new CertificatePath(roots, "server", () => null, Date.now());
  assertEquals(path.reject(leaf, [])?.reason, "no trusted root has signed it");
});

Deno.test("CertificatePath errors name the unusable issuer and the reason", async () => {
  const issuer = await Forged.root({
    subject: [{ O: ["a, b"] }, { CN: ["Old\nRoot"] }],
    days: [-3, -2],
    extensions: [authority()],
  });
  const leaf = readCertificate((await issuer.issue()).der);
  const path = new CertificatePath([readCertificate(issuer.der)], "client", () => null, Date.now());
  const { code, reason = "" } = path.reject(leaf, []) ?? {};
  assertEquals(code, "CERT_HAS_EXPIRED");
  const expired = 'its issuer "CN=Old\\\\0aRoot,O=a\\\\, b" expired at ';
  assert(reason.startsWith(expired), reason);
});

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.toHex() === b.toHex();
}
