/**
 * X.509 certificates (RFC 5280), read from their DER: the fields that decide who the peer is.
 *
 * The reader is strict. It refuses a malformed field and an extension that occurs twice, and
 * reports critical extensions that it does not know.
 *
 * @module
 */

import {
  bitsOf,
  booleanOf,
  checkInteger,
  type DERElement,
  DERError,
  DERReader,
  elementsOf,
  oidOf,
  onlyElement,
  smallIntegerOf,
  Tag,
  timeOf,
} from "./der.ts";
import { type Name, nameOf } from "./distinguished_name.ts";
import { type GeneralName, generalNameOf, generalNamesOf } from "./general_name.ts";

/** The bit numbers of the key usages in the extension. */
export const KeyUsage = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyAgreement: 4,
  keyCertSign: 5,
} as const;

/**
 * Limits on the names in all certificates that an authority signs, directly or not (RFC 5280,
 * section 4.2.1.10).
 */
export interface NameConstraints {
  /**
   * The subtrees of allowed names. A kind of name without a subtree in this list is not limited.
   */
  readonly permitted: readonly GeneralName[];
  /** The subtrees of forbidden names. */
  readonly excluded: readonly GeneralName[];
}

/** The extensions that decide whether a certificate is accepted. */
export interface CertificateExtensions {
  /** The alternative names of the owner. */
  readonly subjectAltName?: readonly GeneralName[];
  /** Whether the subject is an authority, and how many authorities may follow before the peer. */
  readonly basicConstraints?: { readonly isAuthority: boolean; readonly pathLength?: number };
  /** The allowed uses of the key: see {@linkcode KeyUsage}. */
  readonly keyUsage?: ReadonlySet<number>;
  /** The object identifiers of the allowed purposes. */
  readonly extendedKeyUsage?: readonly string[];
  /** Limits on the names in all certificates that follow below this one in a chain. */
  readonly nameConstraints?: NameConstraints;
}

/** The fields of an X.509 certificate. */
export interface Certificate {
  /** The whole certificate, as DER. */
  readonly der: Uint8Array;
  /** The X.509 version: 1, 2 or 3. */
  readonly version: number;
  /** The signed part (TBSCertificate), as DER. */
  readonly signed: Uint8Array;
  /** The algorithm of the signature, as DER. */
  readonly signatureAlgorithm: Uint8Array;
  /** The signature. */
  readonly signature: Uint8Array;
  /** The name of the signer. */
  readonly issuer: Name;
  /** The first moment at which the certificate is valid, in milliseconds since 1970. */
  readonly notBefore: number;
  /** The last moment at which the certificate is valid, in milliseconds since 1970. */
  readonly notAfter: number;
  /** The name of the owner. */
  readonly subject: Name;
  /** The public key, as the DER of SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** The extensions that decide whether a certificate is accepted. */
  readonly extensions: CertificateExtensions;
  /** The identifiers of critical extensions that this reader does not know. */
  readonly unknownCritical: readonly string[];
}

/**
 * Reads a certificate.
 *
 * @param der The certificate as DER. Its memory is kept.
 * @throws {DERError} when it is malformed.
 */
export function readCertificate(der: Uint8Array): Certificate {
  const outer = new DERReader(onlyElement(der, Tag.sequence, "the certificate").contents);
  const signed = outer.read(Tag.sequence, "the signed part");
  const signatureAlgorithm = outer.read(Tag.sequence, "the signature's algorithm").bytes;
  const signature = wholeBytes(outer.read(Tag.bitString, "the signature"), "the signature");
  outer.end("the certificate");

  const reader = new DERReader(signed.contents);
  const version = versionOf(reader);
  checkInteger(reader.read(Tag.integer, "the serial number"), "the serial number");
  const algorithm = reader.read(Tag.sequence, "the signature's algorithm").bytes;
  if (!sameBytes(algorithm, signatureAlgorithm)) {
    throw new DERError(
      "Cannot read the certificate: its two fields for the signature algorithm differ",
    );
  }
  const issuer = nameOf(reader.read(Tag.sequence, "the issuer").bytes, "the issuer");
  const validity = new DERReader(reader.read(Tag.sequence, "the validity").contents);
  const notBefore = timeOf(validity.next("the validity"), "the validity");
  const notAfter = timeOf(validity.next("the validity"), "the validity");
  validity.end("the validity");
  const subject = nameOf(reader.read(Tag.sequence, "the subject").bytes, "the subject");
  const publicKey = publicKeyOf(reader);
  // The reader does not accept unique identifiers (tags 1 and 2), because RFC 5280 forbids
  // authorities to use them.
  const explicit = version === 3 ? reader.readOptional(0xa3, "the extensions") : undefined;
  reader.end("the certificate");
  return {
    der,
    version,
    signed: signed.bytes,
    signatureAlgorithm,
    signature,
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey,
    ...extensionsOf(explicit),
  };
}

/** Returns whether two runs of bytes are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function versionOf(reader: DERReader): number {
  const explicit = reader.readOptional(0xa0, "the version");
  if (explicit === undefined) return 1;
  const version = smallIntegerOf(
    onlyElement(explicit.contents, Tag.integer, "the version"),
    "the version",
  );
  // The encoded value is one less than the version. The value 0 is invalid here, because version 1
  // is the default, which DER leaves out.
  if (version !== 1 && version !== 2) {
    throw new DERError(`Cannot read the version: it must be 1 or 2, got ${version}`);
  }
  return version + 1;
}

function wholeBytes(element: DERElement, what: string): Uint8Array {
  const { bytes, unused } = bitsOf(element, what);
  if (unused !== 0) {
    throw new DERError(`Cannot read ${what}: its bit string is not a whole number of bytes`);
  }
  return bytes;
}

function publicKeyOf(reader: DERReader): Uint8Array {
  const what = "the public key";
  const { bytes, contents } = reader.read(Tag.sequence, what);
  const inner = new DERReader(contents);
  inner.read(Tag.sequence, what);
  wholeBytes(inner.read(Tag.bitString, what), what);
  inner.end(what);
  return bytes;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type ExtensionReader = (value: Uint8Array, into: Writable<CertificateExtensions>) => void;

const EXTENSIONS: Readonly<Record<string, ExtensionReader>> = {
  "2.5.29.15": (value, into) => {
    into.keyUsage = keyUsageOf(value);
  },
  "2.5.29.17": (value, into) => {
    const what = "the alternative names";
    into.subjectAltName = generalNamesOf(onlyElement(value, Tag.sequence, what).contents, what);
  },
  "2.5.29.19": (value, into) => {
    into.basicConstraints = basicConstraintsOf(value);
  },
  "2.5.29.30": (value, into) => {
    into.nameConstraints = nameConstraintsOf(value);
  },
  "2.5.29.37": (value, into) => {
    const what = "the extended key usage";
    into.extendedKeyUsage = elementsOf(onlyElement(value, Tag.sequence, what).contents, what)
      .map((element) => {
        if (element.tag !== Tag.oid) {
          throw new DERError(`Cannot read ${what}: it is not a valid OBJECT IDENTIFIER`);
        }
        return oidOf(element, what);
      });
  },
};

function extensionsOf(
  explicit: DERElement | undefined,
): Pick<Certificate, "extensions" | "unknownCritical"> {
  const extensions: Writable<CertificateExtensions> = {};
  const unknownCritical: string[] = [];
  if (explicit === undefined) return { extensions, unknownCritical };
  const what = "the extensions";
  const seen = new Set<string>();
  const { contents } = onlyElement(explicit.contents, Tag.sequence, what);
  for (const element of elementsOf(contents, what)) {
    const { id, isCritical, value } = extensionOf(element);
    if (seen.has(id)) throw new DERError(`Cannot read ${what}: the extension ${id} occurs twice`);
    seen.add(id);
    const read = EXTENSIONS[id];
    if (read !== undefined) read(value, extensions);
    else if (isCritical) unknownCritical.push(id);
  }
  return { extensions, unknownCritical };
}

function extensionOf(
  element: DERElement,
): { id: string; isCritical: boolean; value: Uint8Array } {
  const what = "an extension";
  if (element.tag !== Tag.sequence) {
    throw new DERError(`Cannot read ${what}: the element is not a SEQUENCE`);
  }
  const reader = new DERReader(element.contents);
  const id = oidOf(reader.read(Tag.oid, what), what);
  const critical = reader.readOptional(Tag.boolean, what);
  const isCritical = critical !== undefined && booleanOf(critical, what);
  const value = reader.read(Tag.octetString, what).contents;
  reader.end(what);
  return { id, isCritical, value };
}

function keyUsageOf(value: Uint8Array): ReadonlySet<number> {
  const { bytes } = bitsOf(onlyElement(value, Tag.bitString, "the key usage"), "the key usage");
  const bits = Array.from(bytes).flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & 0x80 >> bit) !== 0).map((bit) => i * 8 + bit)
  );
  return new Set(bits);
}

function basicConstraintsOf(
  value: Uint8Array,
): NonNullable<CertificateExtensions["basicConstraints"]> {
  const what = "the basic constraints";
  const reader = new DERReader(onlyElement(value, Tag.sequence, what).contents);
  const authority = reader.readOptional(Tag.boolean, what);
  // DER requires the default value FALSE to be left out, but many certificates contain it, so it is
  // accepted.
  const isAuthority = authority !== undefined && booleanOf(authority, what);
  const length = reader.readOptional(Tag.integer, what);
  reader.end(what);
  return length === undefined
    ? { isAuthority }
    : { isAuthority, pathLength: smallIntegerOf(length, what) };
}

function nameConstraintsOf(value: Uint8Array): NameConstraints {
  const what = "the name constraints";
  const reader = new DERReader(onlyElement(value, Tag.sequence, what).contents);
  const permitted = reader.readOptional(0xa0, what);
  const excluded = reader.readOptional(0xa1, what);
  reader.end(what);
  return { permitted: subtreesOf(permitted), excluded: subtreesOf(excluded) };
}

function subtreesOf(element: DERElement | undefined): GeneralName[] {
  const what = "the name constraints";
  if (element === undefined) return [];
  return elementsOf(element.contents, what).map((subtree) => {
    if (subtree.tag !== Tag.sequence) {
      throw new DERError(`Cannot read ${what}: the element is not a SEQUENCE`);
    }
    const reader = new DERReader(subtree.contents);
    const base = generalNameOf(reader.next(what), what);
    // After the base name, `minimum` and `maximum` are not accepted, because RFC 5280 forbids them.
    reader.end(what);
    if (base.kind === "IP Address" && !isNetwork(base.address)) {
      throw new DERError(`Cannot read ${what}: the mask of an IP network is invalid`);
    }
    return base;
  });
}

/**
 * Returns whether bytes are an address followed by a mask of the same length, in which all ones
 * come before the zeros.
 */
function isNetwork(bytes: Uint8Array): boolean {
  if (bytes.length !== 8 && bytes.length !== 32) return false;
  const mask = Array.from(
    bytes.subarray(bytes.length / 2),
    (byte) => byte.toString(2).padStart(8, "0"),
  ).join("");
  return /^1*0*$/.test(mask);
}
