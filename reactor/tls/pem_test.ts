import { assertEquals } from "@std/assert";
import { pemBlocks, pemCertificates, pemPrivateKeys } from "./pem.ts";

const block = (label: string) => `-----BEGIN ${label}-----\nYQ==\n-----END ${label}-----`;

Deno.test("pemBlocks() returns the blocks in order, and ignores the text between them", () => {
  const [leaf, key] = [block("CERTIFICATE"), block("EC PRIVATE KEY")];
  assertEquals(pemBlocks(`# the leaf\n${leaf}\r\n${key}`), [
    { label: "CERTIFICATE", text: leaf },
    { label: "EC PRIVATE KEY", text: key },
  ]);
  assertEquals(pemBlocks("-----BEGIN CERTIFICATE-----\nYQ=="), []);
});

Deno.test("pemCertificates() and pemPrivateKeys() separate certificates, keys and other blocks", () => {
  const certificates = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].map(block);
  const keys = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"].map(block);
  const others = ["PUBLIC KEY", "EC PARAMETERS", "CERTIFICATE REQUEST"].map(block);
  const text = [...others, ...keys, ...certificates].join("\n");
  assertEquals(pemCertificates(text), certificates);
  assertEquals(pemPrivateKeys(text), keys);
});
