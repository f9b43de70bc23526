/** The certificate reader, compared with @peculiar/x509 as the oracle. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
// Must be imported before @peculiar/x509, whose decorators need it.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";
import fc from "fast-check";
import { element } from "../../testing/fixtures/der_writer.ts";
import {
  authority,
  constraints,
  Forged,
  names,
  purpose,
  unknown,
  usage,
} from "../../testing/fixtures/forged_certificates.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { DERError } from "./der.ts";
import { generalNameText } from "./general_name.ts";
import { anyCharacter } from "../../testing/fixtures/any_text.ts";

const SEED = 20261201;

const signer = await Forged.root();
const { keys } = signer;

/** Returns a certificate with every field that the reader reads. */
const rich = await signer.issue({
  keys,
  subject: [{ C: ["CH"] }, { O: ["Bücher & Co"] }, { OU: ["a"] }, { OU: ["b"] }, { CN: ["x, y"] }],
  extensions: [
    authority(true, 3),
    usage("keyCertSign", "digitalSignature", "decipherOnly"),
    purpose("server", "client"),
    names(
      { type: "dns", value: "a.test" },
      { type: "ip", value: "192.0.2.1" },
      { type: "ip", value: "2001:db8::1" },
      { type: "url", value: "http://a.test/" },
      { type: "email", value: "a@a.test" },
      { type: "id", value: "1.2.3" },
      { type: "dn", value: "CN=a,O=b" },
    ),
    constraints([{ dns: "a.test" }, { network: "c0000200ffffff00" }], [{ dn: "O=b" }]),
    unknown(false),
  ],
});

type Attribute = readonly [type: string, value: string];

/** The fields that are compared. */
interface Read {
  readonly subject: readonly (readonly Attribute[])[];
  readonly names: readonly string[];
  readonly rest: unknown;
}

/** Returns the fields that the reader has read, in the oracle's format. */
function found({ subject, notBefore, notAfter, version, extensions }: Certificate): Read {
  const { subjectAltName = [], keyUsage, basicConstraints, extendedKeyUsage } = extensions;
  const rest = {
    version,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    isAuthority: basicConstraints?.isAuthority,
    pathLength: basicConstraints?.pathLength,
    keyUsage: [...keyUsage ?? []].reduce((all, bit) => all | 1 << bit, 0),
    extendedKeyUsage,
  };
  return {
    subject: subject.relativeNames.map((attributes) =>
      attributes.map(({ type, value }): Attribute => [type, value])
    ),
    names: subjectAltName.filter(({ kind }) => Object.values(KINDS).includes(kind)).map(
      generalNameText,
    ),
    rest,
  };
}

/** The kinds of names that the oracle shows as plain text, by the oracle's terms. */
const KINDS: Readonly<Record<string, string>> = {
  dns: "DNS",
  ip: "IP Address",
  url: "URI",
  email: "email",
  id: "Registered ID",
};

/** Returns the fields that the oracle has read. */
function expected(certificate: X509Certificate): Read {
  const { items = [] } = certificate.getExtension(SubjectAlternativeNameExtension)?.names ?? {};
  const basic = certificate.getExtension(BasicConstraintsExtension);
  const usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages;
  const rest = {
    version: 3,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    isAuthority: basic?.ca,
    pathLength: basic?.pathLength,
    keyUsage: certificate.getExtension(KeyUsagesExtension)?.usages ?? 0,
    extendedKeyUsage: usages && [...usages],
  };
  return {
    subject: certificate.subjectName.toJSON().map((relative) =>
      Object.entries(relative).flatMap(([type, values]) =>
        values.map((value): Attribute => [type, value])
      )
    ),
    names: items.filter(({ type }) => type in KINDS).map(({ type, value }) =>
      `${KINDS[type]}:${type === "ip" ? shortest(value) : value}`
    ),
    rest,
  };
}

function shortest(address: string): string | undefined {
  return address.includes(":") ? URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) : address;
}

Deno.test("readCertificate() reads the same fields as @peculiar/x509 from a certificate", () => {
  const certificate = readCertificate(rich.der);
  assertEquals(found(certificate), expected(rich.certificate));
  assertEquals(certificate.extensions.nameConstraints?.permitted.length, 2);
  assertEquals(certificate.unknownCritical, []);
  assertEquals(certificate.issuer.der, readCertificate(signer.der).subject.der);
});

// The oracle trims values, and takes a value that begins with "#" as DER.
const value = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 20 }).filter((text) =>
  !/^[#\s]|\s$/.test(text) && text.isWellFormed()
);
const subject = fc.array(
  fc.tuple(
    fc.constantFrom("CN", "O", "OU", "L", "ST"),
    fc.array(value, { minLength: 1, maxLength: 1 }),
  ),
  { minLength: 1, maxLength: 4 },
).map((parts) => parts.map(([type, values]) => ({ [type]: values })));
const ascii = fc.string({ unit: "binary-ascii", maxLength: 30 });
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) =>
  bytes.toHex().match(/.{4}/g)?.join(":") ?? ""
);
const alternative = fc.oneof(
  fc.record({ type: fc.constantFrom("dns", "url", "email"), value: ascii }),
  fc.record({ type: fc.constant("ip"), value: fc.oneof(fc.ipV4(), ipv6) }),
);

Deno.test("readCertificate() reads any subject and any names as @peculiar/x509 does", async () => {
  const property = fc.asyncProperty(subject, fc.array(alternative), async (subject, all) => {
    // The types that the oracle supports.
    const extensions = [names(...all as JsonGeneralNames)];
    const { der, certificate } = await signer.issue({ keys, subject, extensions });
    assertEquals(found(readCertificate(der)), expected(certificate));
  });
  await fc.assert(property, { seed: SEED, numRuns: 300 });
});

type Change = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

const place = fc.nat(rich.der.length - 1);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([at, byte]): Change => (bytes) => {
    bytes[at] = byte;
    return bytes;
  }),
  place.map((end): Change => (bytes) => bytes.slice(0, end)),
  fc.tuple(place, fc.uint8Array({ maxLength: 4 })).map(([at, more]): Change => (bytes) =>
    new Uint8Array([...bytes.slice(0, at), ...more, ...bytes.slice(at)])
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 8 })).map(([at, count]): Change => (bytes) =>
    new Uint8Array([...bytes.slice(0, at), ...bytes.slice(at + count)])
  ),
);

Deno.test("readCertificate() throws DERError for changed bytes, or reads what @peculiar/x509 reads", () => {
  let [read, refused] = [0, 0];
  const property = fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
    const der = changes.reduce((bytes, each) => each(bytes), rich.der);
    const certificate = attempt(() => readCertificate(der));
    if (certificate instanceof Error) {
      assertInstanceOf(certificate, DERError);
      refused += 1;
      return;
    }
    read += 1;
    const oracle = attempt(() => expected(new X509Certificate(der)));
    // Bytes that the oracle cannot read do not matter: Deno's TLS cannot read them either.
    if (!(oracle instanceof Error) && certificate.version === 3) {
      const own = found(certificate);
      assertEquals(loosely(own, own.subject), loosely(oracle, own.subject));
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 5000 });
  assert(read > 200 && refused > 200, `${read} read, ${refused} refused`);
});

Deno.test("readCertificate() throws DERError, and no other error, for random bytes", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assertThrows(() => readCertificate(bytes), DERError);
  });
  fc.assert(property, { seed: SEED, numRuns: 2000 });
});

const COMMON = ["C", "CN", "L", "O", "OU", "ST"];

/**
 * Converts a value to the oracle's format, which has other names for some types and reads invalid
 * text as text.
 */
function loosely(read: Read, own: Read["subject"]): Read {
  const subject = read.subject.map((attributes, i) =>
    attributes.map(([type, value], j): Attribute => [
      COMMON.includes(type) ? type : "other",
      own[i]?.[j]?.[1].startsWith("#") ? "not text" : value,
    ])
  );
  return { ...read, subject };
}

function attempt<T>(f: () => T): T | Error {
  try {
    return f();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

Deno.test("readCertificate() refuses an extension that occurs twice, and unique identifiers", async () => {
  const twice = await signer.issue({ keys, extensions: [authority(), authority(false)] });
  assertThrows(() => readCertificate(twice.der), DERError, "2.5.29.19 occurs twice");
  const [signed, ...rest] = parts(contents(signer.der));
  assert(signed !== undefined);
  const identified = element(
    0x30,
    element(0x30, contents(signed), element(0x81, new Uint8Array([0, 1]))),
    ...rest,
  );
  assertThrows(() => readCertificate(identified), DERError, "extra bytes follow it");
  assertEquals(readCertificate(element(0x30, signed, ...rest)).version, 3);
});

Deno.test("readCertificate() reports critical extensions that are unknown", async () => {
  for (const isCritical of [true, false]) {
    const { der } = await signer.issue({ keys, extensions: [unknown(isCritical)] });
    const { unknownCritical } = readCertificate(der);
    assertEquals(unknownCritical, isCritical ? ["1.3.6.1.4.1.99999.1"] : []);
  }
});

Deno.test("readCertificate() refuses name constraints whose network has no valid mask", async () => {
  for (const network of ["7f000000ff00ff00", "7f000000", "7f000000ff00000000"]) {
    const { der } = await signer.issue({ keys, extensions: [constraints([{ network }])] });
    assertThrows(() => readCertificate(der), DERError, "the mask of an IP network is invalid");
  }
});

/** Yields the elements of well-formed DER, whose lengths have one or two bytes. */
function contents(bytes: Uint8Array): Uint8Array {
  const first = bytes[1] ?? 0;
  return bytes.subarray(first < 0x80 ? 2 : first - 0x80 + 2);
}

function parts(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const [, first = 0, second = 0, third = 0] = bytes.subarray(start);
    const length = first < 0x80
      ? 2 + first
      : first === 0x81
      ? 3 + second
      : 4 + (second << 8 | third);
    found.push(bytes.subarray(start, start += length));
  }
  return found;
}

Deno.test("readCertificate() refuses a certificate that names two algorithms for its signature", () => {
  const ecdsaWithSHA256 = "06082a8648ce3d040302";
  const ecdsaWithSHA384 = "06082a8648ce3d040303";
  // The first algorithm is in the signed part. The other one follows that part.
  const changed = signer.der.toHex().replace(ecdsaWithSHA256, ecdsaWithSHA384);
  assertThrows(
    () => readCertificate(Uint8Array.fromHex(changed)),
    DERError,
    "its two fields for the signature algorithm differ",
  );
});
