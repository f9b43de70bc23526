/** RSA signatures. `testing/fixtures/certificate_table.ts` has cases with other keys. */

import { assertEquals } from "@std/assert";
// Must be imported before @peculiar/x509, whose decorators need it.
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { type Certificate, readCertificate } from "../../tls/certificate.ts";
import { rejectSignature } from "./certificate_signature.ts";

async function selfSigned(bits: number, hash: string): Promise<Certificate> {
  const name = "RSASSA-PKCS1-v1_5";
  const publicExponent = Uint8Array.of(1, 0, 1);
  const keys = await crypto.subtle.generateKey(
    { name, hash, modulusLength: bits, publicExponent },
    true,
    ["sign", "verify"],
  );
  const { rawData } = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Own",
    keys,
    signingAlgorithm: { name, hash },
  });
  return readCertificate(new Uint8Array(rawData));
}

Deno.test("rejectSignature() accepts an RSA key of 2048 bits, and refuses one of 1024", async () => {
  const strong = await selfSigned(2048, "SHA-256");
  assertEquals(rejectSignature(strong, strong), null);
  const weak = await selfSigned(1024, "SHA-256");
  assertEquals(rejectSignature(weak, weak), {
    code: "UNSUPPORTED_SIGNATURE_ALGORITHM",
    reason: "its issuer's key has 1024 bits, not 2048 to 8192",
  });
});

Deno.test("rejectSignature() refuses a signature with SHA-1", async () => {
  const old = await selfSigned(2048, "SHA-1");
  assertEquals(rejectSignature(old, old), {
    code: "UNSUPPORTED_SIGNATURE_ALGORITHM",
    reason: "it is signed with an unsupported algorithm",
  });
});
