/**
 * Certificates for tests, made when they are asked for: nothing expires in the repository, and no key lies there.
 *
 * @module
 */

// The library's decorators need it, before the library.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { TLSCertificate } from "../interfaces.ts";
import { version1 } from "./version1_certificate.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 86_400_000;

/** What a certificate says. */
export interface CertificateOptions {
  /** The subject, as `CN=…`. */
  name?: string;
  /** Whether it is of X.509 version 1. */
  isVersion1?: boolean;
  /** The names that it is for. */
  dns?: string[];
  /** The addresses that it is for. */
  ip?: string[];
  /** Days from now at which it begins and ends to be valid. */
  days?: readonly [from: number, to: number];
}

/** An authority that signs certificates. */
export class TestAuthority {
  /** Its own certificate, as PEM. */
  readonly cert: string;
  readonly #certificate: X509Certificate;
  readonly #keys: CryptoKeyPair;
  #issued = 1;

  constructor(certificate: X509Certificate, keys: CryptoKeyPair) {
    this.cert = certificate.toString("pem");
    this.#certificate = certificate;
    this.#keys = keys;
  }

  /** A new authority. */
  static async make(name = "CN=Test Authority"): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name,
      ...validity([-1, 2]),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(certificate, keys);
  }

  /** A certificate that it has signed, with its key. */
  async issue(options: CertificateOptions = {}): Promise<Required<TLSCertificate>> {
    const { name = "CN=localhost, O=Tests", dns = ["localhost"], ip = ["127.0.0.1"] } = options;
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: (++this.#issued).toString(16).padStart(2, "0"),
      subject: name,
      issuer: this.#certificate.subject,
      ...validity(options.days ?? [-1, 1]),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: await this.#extensions(dns, ip),
    });
    const cert = options.isVersion1
      ? await version1(certificate, this.#keys.privateKey)
      : certificate.toString("pem");
    return { cert, key: await pemOf(keys.privateKey) };
  }

  /** Another authority, whose certificate this one has signed: a good one, or one that says that it is none. */
  async delegate(isAuthority = true): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: (++this.#issued).toString(16).padStart(2, "0"),
      subject: "CN=Delegate",
      issuer: this.#certificate.subject,
      ...validity([-1, 1]),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [new BasicConstraintsExtension(isAuthority, undefined, true)],
    });
    return new TestAuthority(certificate, keys);
  }

  async #extensions(dns: string[], ip: string[]): Promise<Extension[]> {
    return [
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      new SubjectAlternativeNameExtension([
        ...dns.map((value) => ({ type: "dns" as const, value })),
        ...ip.map((value) => ({ type: "ip" as const, value })),
      ]),
    ];
  }
}

/** A certificate for `localhost` that has signed itself, with its key. */
export async function selfSigned(): Promise<Required<TLSCertificate>> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=localhost",
    ...validity([-1, 1]),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])],
  });
  return { cert: certificate.toString("pem"), key: await pemOf(keys.privateKey) };
}

async function newKeys(): Promise<CryptoKeyPair> {
  // One pair, as the algorithm is an asymmetric one.
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
}

async function pemOf(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

function validity([from, to]: readonly [number, number]): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + to * DAY),
  };
}

let shared: Promise<{ authority: TestAuthority; server: Required<TLSCertificate> }> | null = null;

/** An authority, and a server's certificate of it for `localhost` and `127.0.0.1`: one for all tests of a file. */
export function testCertificates(): Promise<
  { authority: TestAuthority; server: Required<TLSCertificate> }
> {
  return shared ??= TestAuthority.make().then(async (authority) => ({
    authority,
    server: await authority.issue(),
  }));
}
