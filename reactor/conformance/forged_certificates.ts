/**
 * Certificates that say anything, signed by anybody: those that must be refused as well as good ones.
 *
 * @module
 */

// The library's decorators need it, before the library.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  GeneralName,
  type JsonGeneralNames,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  PublicKey,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { element } from "./der_writer.ts";
import { version1 } from "./version1_certificate.ts";

const DAY = 86_400_000;

/** What signs with ECDSA, and how. */
export interface Ecdsa {
  readonly namedCurve: "P-256" | "P-384" | "P-521";
  readonly hash: "SHA-256" | "SHA-384" | "SHA-512";
}

/** What a certificate says. */
export interface ForgedOptions {
  /** Whom it is for. */
  readonly subject?: string | JsonName;
  /** Days from now at which it begins and ends to be valid. */
  readonly days?: readonly [from: number, to: number];
  /** All its extensions. */
  readonly extensions?: readonly Extension[];
  /** The curve of its key, and the hash of the signatures that it makes. */
  readonly ecdsa?: Ecdsa;
  /** The key that it has, in place of a new one. */
  readonly keys?: CryptoKeyPair;
  /** The key that it shows, whatever it has. */
  readonly publicKey?: Uint8Array<ArrayBuffer>;
}

const P256: Ecdsa = { namedCurve: "P-256", hash: "SHA-256" };

/** A certificate and its key, which signs whatever it is asked to. */
export class Forged {
  /** The certificate. */
  readonly certificate: X509Certificate;
  /** Its key. */
  readonly keys: CryptoKeyPair;
  readonly #ecdsa: Ecdsa;

  constructor(certificate: X509Certificate, keys: CryptoKeyPair, ecdsa: Ecdsa) {
    this.certificate = certificate;
    this.keys = keys;
    this.#ecdsa = ecdsa;
  }

  /** One that has signed itself. */
  static async root(options: ForgedOptions = {}): Promise<Forged> {
    return await forge({ subject: "CN=Root", days: [-2, 2], ...options }, null);
  }

  /** The certificate as DER: a copy. */
  get der(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.certificate.rawData.slice(0));
  }

  /** The certificate as PEM. */
  get pem(): string {
    return this.certificate.toString("pem");
  }

  /** The key as PEM. */
  async key(): Promise<string> {
    const der = await crypto.subtle.exportKey("pkcs8", this.keys.privateKey);
    return PemConverter.encode(der, "PRIVATE KEY");
  }

  /** Another one, which this one has signed, may it or not. */
  async issue(options: ForgedOptions = {}): Promise<Forged> {
    return await forge({ days: [-1, 1], ...options }, this);
  }

  /** The same as a certificate of version 1, signed by `issuer`: itself, unless it is given. */
  async asVersion1(issuer: Forged = this): Promise<Forged> {
    const pem = await version1(this.certificate, issuer.keys.privateKey);
    return new Forged(new X509Certificate(pem), this.keys, this.#ecdsa);
  }

  /** How it signs. */
  get signing(): Ecdsa {
    return this.#ecdsa;
  }
}

async function forge(options: ForgedOptions, issuer: Forged | null): Promise<Forged> {
  const { subject = "CN=Peer", days: [from, to] = [-1, 1], extensions = [] } = options;
  const { ecdsa = P256, publicKey } = options;
  const keys = options.keys ??
    await crypto.subtle.generateKey({ name: "ECDSA", ...ecdsa }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: "01",
    subject,
    issuer: issuer?.certificate.subjectName.toJSON() ?? subject,
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + to * DAY),
    publicKey: publicKey === undefined ? keys.publicKey : new PublicKey(publicKey),
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: { name: "ECDSA", ...issuer?.signing ?? ecdsa },
    extensions: [...extensions],
  });
  return new Forged(certificate, keys, ecdsa);
}

/** Says whether a certificate is an authority, and how many may be below it. */
export function authority(isAuthority = true, pathLength = Infinity): Extension {
  const limit = pathLength === Infinity ? undefined : pathLength;
  return new BasicConstraintsExtension(isAuthority, limit, true);
}

/** Says what its key may do. */
export function usage(...flags: (keyof typeof KeyUsageFlags)[]): Extension {
  return new KeyUsagesExtension(flags.reduce((all, flag) => all | KeyUsageFlags[flag], 0), true);
}

/** Says what it is for. */
export function purpose(...purposes: ("server" | "client" | "email" | "any")[]): Extension {
  return new ExtendedKeyUsageExtension(purposes.map((each) => PURPOSES[each]));
}

const PURPOSES = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
  email: "1.3.6.1.5.5.7.3.4",
  any: "2.5.29.37.0",
};

/** Says which names it is for. */
export function names(...all: JsonGeneralNames): Extension {
  return new SubjectAlternativeNameExtension(all);
}

/** A name of an alternative name's kind, or a network: its address and mask in hexadecimal. */
export type Tree = { readonly dns?: string; readonly dn?: string; readonly email?: string } & {
  readonly uri?: string;
  readonly network?: string;
};

/** Says which names may be signed, and which not. */
export function constraints(permitted: readonly Tree[], excluded: readonly Tree[] = []): Extension {
  const trees = (tag: number, all: readonly Tree[]) =>
    all.length === 0 ? [] : [element(tag, ...all.map((tree) => element(0x30, treeBytes(tree))))];
  const value = element(0x30, ...trees(0xa0, permitted), ...trees(0xa1, excluded));
  return new Extension("2.5.29.30", true, value);
}

function treeBytes({ dns, dn, email, uri, network }: Tree): Uint8Array {
  if (network !== undefined) return element(0x87, Uint8Array.fromHex(network));
  const ascii = new TextEncoder();
  // Written by hand: the library refuses those with a dot in front.
  if (dns !== undefined) return element(0x82, ascii.encode(dns));
  if (email !== undefined) return element(0x81, ascii.encode(email));
  if (uri !== undefined) return element(0x86, ascii.encode(uri));
  return new Uint8Array(new GeneralName("dn", dn ?? "").rawData);
}

/** An extension that nobody knows. */
export function unknown(isCritical: boolean): Extension {
  return new Extension("1.3.6.1.4.1.99999.1", isCritical, new Uint8Array([5, 0]));
}

/** Curves that Deno's crypto cannot check signatures on: their identifiers, and how many bytes a coordinate has. */
export const ODD_CURVES: Readonly<Record<string, readonly [oid: string, size: number]>> = {
  "P-224": ["2b81040021", 28],
  "P-192": ["2a8648ce3d030101", 24],
  "secp256k1": ["2b8104000a", 32],
  "P-521": ["2b81040023", 66],
  "brainpoolP256r1": ["2b2403030208010107", 32],
};

/** A public key on any curve, whose point need not be there. */
export function keyOn([oid, size]: readonly [oid: string, size: number]): Uint8Array<ArrayBuffer> {
  const ecPublicKey = Uint8Array.fromHex("2a8648ce3d0201");
  return element(
    0x30,
    element(0x30, element(0x06, ecPublicKey), element(0x06, Uint8Array.fromHex(oid))),
    element(0x03, new Uint8Array([0, 4, ...new Uint8Array(2 * size).fill(0x11)])),
  );
}
