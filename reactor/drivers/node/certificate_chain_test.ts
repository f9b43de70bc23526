import { assertEquals } from "@std/assert";
import type { Shown } from "../../../testing/fixtures/certificate_case.ts";
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

/** The code of the refusal; null when the chain is accepted. */
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
