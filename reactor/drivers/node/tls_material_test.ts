/**
 * Material in any option and order, and as callers without type checking pass it.
 * `interop/openssl_material_test.ts` has the other cases.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { selfSigned, TestAuthority } from "../../../testing/fixtures/certificates.ts";
import { certificateRoots, checkedProtocols, tlsMaterial, trustedRoots } from "./tls_material.ts";

const authority = await TestAuthority.make();
const own = await authority.issue();
const { cert, key } = own;
const other = await selfSigned();

Deno.test("tlsMaterial() finds certificate and key in both option texts, in any order", () => {
  const expected = tlsMaterial({ cert, key });
  assertEquals(Object.keys(expected), ["cert", "key"]);
  for (const both of [`${cert}\n${key}`, `${key}\n${cert}`, `text\n${key}\r\ntext${cert}`]) {
    assertEquals(tlsMaterial({ cert: both }), expected);
    assertEquals(tlsMaterial({ key: both }), expected);
    assertEquals(tlsMaterial({ cert: both, key: both }), expected);
    assertEquals(tlsMaterial({ cert: both, key }), expected);
    assertEquals(tlsMaterial({ cert, key: both }), expected);
  }
});

Deno.test("tlsMaterial() distinguishes many certificate pairs, passed in any order", async () => {
  const pairs = [];
  for (let i = 0; i < 20; i++) pairs.push(await authority.issue({ name: `CN=host${i}` }));
  for (let round = 0; round < 2; round++) {
    for (const pair of pairs) {
      const { cert = "" } = tlsMaterial(pair);
      assertEquals(cert.replaceAll("\n", ""), pair.cert.replaceAll("\n", ""));
    }
  }
  const [first, second] = pairs;
  assert(first !== undefined && second !== undefined);
  assertThrows(
    () => tlsMaterial({ cert: first.cert, key: second.key }),
    TypeError,
    "does not match cert",
  );
});

Deno.test("tlsMaterial() prefers the certificate in cert and the key in key", () => {
  const mixed = tlsMaterial({ cert: `${cert}\n${other.key}`, key: `${other.cert}\n${key}` });
  assertEquals(mixed, tlsMaterial({ cert, key }));
});

Deno.test("tlsMaterial() keeps the chain after the certificate, and each root of a bundle", () => {
  const material = tlsMaterial({
    cert: `${cert}\n${authority.cert}`,
    key,
    caCerts: [`${authority.cert}\n${other.cert}`, authority.cert],
  });
  assertEquals(material.cert?.match(/BEGIN/g)?.length, 2);
  assertEquals(material.ca?.length, 3);
});

Deno.test("tlsMaterial() names the option that cannot be used, and the reason", () => {
  const junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
  const table: [Record<string, unknown>, string][] = [
    [{ cert }, "Cannot use cert alone: key is missing, and cert does not contain a private key"],
    [{ key }, "Cannot use key alone: cert is missing, and key does not contain a certificate"],
    [{ cert, key: "?" }, "Cannot use key: it is not a private key in PEM"],
    [{ cert: "?", key }, "Cannot use cert: it is not a certificate in PEM"],
    [
      { cert: "a.pem", key: "a.key" },
      "certificate in PEM: pass the text of the file, not its path",
    ],
    [{ cert, key: "a.key" }, "private key in PEM: pass the text of the file, not its path"],
    [{ caCerts: ["ca.pem"] }, "certificate in PEM: pass the text of the file, not its path"],
    [{ cert: 5, key }, "Cannot use cert: it must be a string of PEM, got 5"],
    [{ cert, key: new Uint8Array(1) }, "Cannot use key: it must be a string of PEM, got an object"],
    [{ cert: other.cert, key }, "Cannot use key: it does not match cert, the certificate of"],
    [
      { cert: `${authority.cert}${cert}`, key },
      "key belongs to certificate 2 of 2; put that certificate",
    ],
    [{ cert: `${cert}${junk}`, key }, "Cannot use cert: certificate 2 of 2 cannot be read"],
    [{ cert, key: key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE") }, "it is encrypted, decrypt it"],
    [{ caCerts: [authority.cert, "?"] }, "Cannot use caCerts[1]: it is not a certificate in PEM"],
    [{ caCerts: [`${authority.cert}${junk}`] }, "Cannot use caCerts[0]: certificate 2 of 2 cannot"],
    [{ caCerts: [key] }, "Cannot use caCerts[0]: it is not a certificate in PEM"],
    [{ caCerts: [5] }, "Cannot use caCerts[0]: it must be a string of PEM, got 5"],
    [{ caCerts: authority.cert }, "Cannot use caCerts: it must be an array of PEM"],
  ];
  for (const [options, message] of table) {
    assertThrows(() => tlsMaterial(options), TypeError, message);
  }
});

Deno.test("certificateRoots() and trustedRoots() parse equal texts only once", () => {
  for (const read of [certificateRoots, trustedRoots]) {
    const [first] = read([authority.cert, other.cert]);
    assertStrictEquals(read([authority.cert, other.cert])[0], first);
  }
});

Deno.test("certificateRoots() returns every certificate of every text", () => {
  const roots = certificateRoots([`${authority.cert}${other.cert}`, cert]);
  assertEquals(roots.map(({ subject }) => subject.replace("\n", ", ")), [
    "CN=Test Authority",
    "CN=localhost",
    "CN=localhost, O=Tests",
  ]);
});

Deno.test("checkedProtocols() accepts ALPN names of 1 to 255 bytes, 65535 bytes in total", () => {
  assertEquals(checkedProtocols(), []);
  const names = ["h2", "é".repeat(127)];
  assertEquals(checkedProtocols(names), names);
  assert(checkedProtocols(Array(255).fill("x".repeat(255))).length === 255);
  const table: [unknown, string][] = [
    ["h2", 'Cannot use alpnProtocols: it must be an array of names, got "h2"'],
    [["h2", ""], 'Cannot use alpnProtocols[1]: it must be a string of 1 to 255 bytes, got ""'],
    [[5], "Cannot use alpnProtocols[0]: it must be a string of 1 to 255 bytes, got 5"],
    [["é".repeat(128)], "Cannot use alpnProtocols[0]: it must be a string of 1 to 255 bytes"],
    [Array(257).fill("x".repeat(255)), "the names take 65792 bytes, but at most 65535 are allowed"],
  ];
  for (const [protocols, message] of table) {
    // A caller without type checking may pass this.
    assertThrows(() => checkedProtocols(protocols as string[]), TypeError, message);
  }
});
