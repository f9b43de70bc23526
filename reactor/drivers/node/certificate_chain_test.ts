import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Shown } from "../../../testing/fixtures/certificate_case.ts";
import {
  authority,
  constraints,
  Forged,
  names,
  usage,
} from "../../../testing/fixtures/forged_certificates.ts";
import { CERTIFICATE_TABLE } from "../../../testing/fixtures/certificate_table.ts";
import { encodeHostname } from "../../names/hostname.ts";
import { readCertificate } from "../../tls/certificate.ts";
import { CertificateError, type PeerTrust, verifyChain } from "./certificate_chain.ts";

const SIDES = ["server", "client"] as const;

function trustOf({ roots, host = "localhost" }: Shown, purpose: "server" | "client"): PeerTrust {
  return {
    purpose,
    roots: roots.map(({ der }) => readCertificate(der)),
    ...purpose === "server" ? { host: encodeHostname(host) } : {},
  };
}

/** Returns the code of the rejection; null if the chain is accepted. */
function verdict(chain: readonly Uint8Array[], trust: PeerTrust): string | null {
  try {
    verifyChain(chain, trust);
    return null;
  } catch (error) {
    if (error instanceof CertificateError) return error.code;
    throw error;
  }
}

for (const { name, make, code, side } of CERTIFICATE_TABLE) {
  Deno.test(`verifyChain() ${code === null ? "accepts" : "refuses"} ${name}`, async () => {
    for (const each of SIDES.filter((each) => side === undefined || side === each)) {
      const shown = await make(each);
      const chain = [shown.leaf, ...shown.others ?? []].map(({ der }) => der);
      assertEquals(verdict(chain, trustOf(shown, each)), code, each);
    }
  });
}

/** A large number of alternative names or constraints. */
function many(count: number): { readonly dns: string }[] {
  return Array.from({ length: count }, (_, i) => ({ dns: `${i}.test` }));
}

Deno.test("verifyChain() refuses a chain with too many names and constraints to compare", async () => {
  const alternatives = (count: number) =>
    names(...many(count).map(({ dns }) => ({ type: "dns" as const, value: dns })));
  const root = await Forged.root({ extensions: [authority()] });
  const middle = await root.issue({
    subject: "CN=Middle",
    extensions: [authority(), constraints([], many(2000))],
  });
  const others = [middle.der];
  const few = await middle.issue({ extensions: [names({ type: "dns", value: "localhost" })] });
  const lots = await middle.issue({ extensions: [alternatives(1500)] });
  for (const roots of [null, [readCertificate(root.der)]]) {
    const trust: PeerTrust = { purpose: "server", roots };
    assertEquals(verdict([few.der, ...others], trust), null);
    assertThrows(
      () => verifyChain([lots.der, ...others], trust),
      CertificateError,
      "too many names and name constraints",
    );
  }
});

Deno.test("verifyChain() checks the key usage also when the engine has verified the chain", async () => {
  const extensions = [usage("keyCertSign"), names({ type: "dns", value: "localhost" })];
  const leaf = await Forged.root({ extensions });
  assertEquals(verdict([leaf.der], { purpose: "server", roots: null }), "INVALID_PURPOSE");
});

Deno.test("CertificateError shortens a reason with long names from the peer", async () => {
  const value = `${"a".repeat(50_000)}.test`;
  const leaf = await Forged.root({ extensions: [names({ type: "dns", value })] });
  const roots = [readCertificate(leaf.der)];
  const error = assertThrows(
    () => verifyChain([leaf.der], { purpose: "server", roots, host: "localhost" }),
    CertificateError,
    'it is not for "localhost", but for "DNS:aaaa',
  );
  assert(error.message.length < 600);
});
