/**
 * Keys, certificates and protocol names, checked when they are given: during a handshake only the
 * peer would learn what is wrong, and some of it would end the process.
 *
 * @module
 */

import type { KeyObject, X509Certificate } from "node:crypto";
import type { TLSOptions } from "../../interfaces/mod.ts";
import { type Certificate, readCertificate } from "../../tls/certificate.ts";
import { pemCertificates, pemPrivateKeys } from "../../tls/pem.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { quote } from "../../../internal/validation.ts";
import { cryptoModule, streamModule, tlsModule } from "./tls_module.ts";

/** What `node:tls` takes. */
export interface TLSMaterial {
  /** The roots, one certificate each. */
  ca?: string[];
  /** The certificate, followed by its chain. */
  cert?: string;
  /** The private key. */
  key?: string;
}

/** A certificate, followed by its chain, and its private key. */
type CertificatePair = Readonly<Record<"cert" | "key", string>>;

/**
 * Pairs that have been found good, by their text. A server of `startTLS` gives its own again for
 * each connection, and to check it takes longer than the rest of what a handshake costs before
 * anything is known of the client.
 */
const checkedPairs = new Map<string, CertificatePair>();
const MOST_CHECKED_PAIRS = 16;

const encoder = new TextEncoder();
// Smaller ones have been out of use since 2014, and the engine refuses them.
const LEAST_RSA_BITS = 2048;
// A protocol's name has a length of one byte, and the list of them one of two (RFC 7301).
const LONGEST_PROTOCOL = 255;
const LONGEST_PROTOCOL_LIST = 65535;

/**
 * Checks this side's certificate and key, and the roots, and makes of them what the engine takes.
 *
 * @throws {TypeError} when something cannot be used. The error says which and why.
 */
export function tlsMaterial({ cert, key, caCerts = [] }: TLSOptions): TLSMaterial {
  const roots = certificateRoots(caCerts).map(String);
  return { ...roots.length > 0 ? { ca: roots } : {}, ...ownMaterial(cert, key) };
}

/**
 * Reads the roots that a peer is checked against.
 *
 * @throws {TypeError} when one cannot be used.
 */
export function certificateRoots(caCerts: readonly string[]): X509Certificate[] {
  if (!Array.isArray(caCerts)) {
    throw new TypeError(`Cannot use caCerts: it must be an array of PEM, got ${quote(caCerts)}`);
  }
  return caCerts.flatMap((caCert, i) => {
    const name = `caCerts[${i}]`;
    const roots = parseCertificates(name, pemCertificates(checkText(name, caCert)));
    for (const root of roots) checkStrength(name, root);
    return roots;
  });
}

/**
 * Reads the roots that a peer is checked against, as our own check of chains takes them.
 *
 * @throws {TypeError} when one cannot be used.
 */
export function trustedRoots(caCerts: readonly string[]): Certificate[] {
  return certificateRoots(caCerts).map((root) => {
    try {
      return readCertificate(new Uint8Array(root.raw));
    } catch (cause) {
      throw new TypeError(
        `Cannot use caCerts: the certificate of ${quote(root.subject)} is malformed: ${
          asError(cause).message
        }`,
        { cause },
      );
    }
  });
}

/**
 * Checks the protocols to be negotiated by ALPN.
 *
 * @throws {TypeError} when one of them cannot be one.
 */
export function checkedProtocols(alpnProtocols: readonly string[] = []): string[] {
  if (!Array.isArray(alpnProtocols)) {
    throw new TypeError(
      `Cannot use alpnProtocols: it must be an array of names, got ${quote(alpnProtocols)}`,
    );
  }
  let length = 0;
  for (const [i, name] of alpnProtocols.entries()) {
    const bytes = typeof name === "string" ? encoder.encode(name).length : 0;
    if (bytes < 1 || bytes > LONGEST_PROTOCOL) {
      throw new TypeError(
        `Cannot use alpnProtocols[${i}]: it must be a string of 1 to ${LONGEST_PROTOCOL} bytes, got ${
          quote(name)
        }`,
      );
    }
    length += 1 + bytes;
  }
  if (length > LONGEST_PROTOCOL_LIST) {
    throw new TypeError(
      `Cannot use alpnProtocols: the names take ${length} bytes, and ${LONGEST_PROTOCOL_LIST} are allowed`,
    );
  }
  return [...alpnProtocols];
}

/** One text may hold both; what is in its own place comes first. */
function ownMaterial(
  cert: string | undefined,
  key: string | undefined,
): Partial<CertificatePair> {
  if (cert === undefined && key === undefined) return {};
  const inCert = cert === undefined ? "" : checkText("cert", cert);
  const inKey = key === undefined ? "" : checkText("key", key);
  const blocks = firstOf(pemCertificates(inCert), pemCertificates(inKey));
  const [keyBlock] = firstOf(pemPrivateKeys(inKey), pemPrivateKeys(inCert));
  if (blocks.length === 0) throw missing("cert", cert, "a certificate");
  if (keyBlock === undefined) throw missing("key", key, "a private key");
  const name = [...blocks, keyBlock].join("\n");
  const known = checkedPairs.get(name);
  if (known !== undefined) return known;
  const checked = checkedPair(blocks, keyBlock);
  for (const oldest of checkedPairs.keys()) {
    if (checkedPairs.size < MOST_CHECKED_PAIRS) break;
    checkedPairs.delete(oldest);
  }
  checkedPairs.set(name, checked);
  return checked;
}

function checkedPair(blocks: readonly string[], key: string): CertificatePair {
  const chain = parseCertificates("cert", blocks);
  for (const certificate of chain) checkStrength("cert", certificate);
  checkMatch(chain, parsePrivateKey(key));
  const pair = { cert: chain.map(String).join(""), key };
  checkWithEngine(pair, chain);
  return pair;
}

function firstOf(own: string[], other: string[]): string[] {
  return own.length > 0 ? own : other;
}

function missing(name: "cert" | "key", value: string | undefined, what: string): TypeError {
  if (value !== undefined) return new TypeError(`Cannot use ${name}: it is not ${what} in PEM`);
  const other = name === "cert" ? "key" : "cert";
  return new TypeError(
    `Cannot use ${other} alone: ${name} is missing, and ${other} does not hold ${what} as well`,
  );
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot use ${name}: it must be a string of PEM, got ${quote(value)}`);
}

function parseCertificates(name: string, blocks: readonly string[]): X509Certificate[] {
  if (blocks.length === 0) {
    throw new TypeError(`Cannot use ${name}: it is not a certificate in PEM`);
  }
  return blocks.map((block, i) => {
    try {
      return new (cryptoModule().X509Certificate)(block);
    } catch (cause) {
      const which = blocks.length > 1 ? ` ${i + 1} of ${blocks.length}` : "";
      throw new TypeError(
        `Cannot use ${name}: certificate${which} cannot be read: ${asError(cause).message}`,
        { cause },
      );
    }
  });
}

function parsePrivateKey(pem: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new TypeError("Cannot use key: it is encrypted, decrypt it first");
  }
  try {
    return cryptoModule().createPrivateKey(pem);
  } catch (cause) {
    throw new TypeError(`Cannot use key: it cannot be read: ${asError(cause).message}`, { cause });
  }
}

function checkStrength(name: string, certificate: X509Certificate): void {
  const bits = rsaBits(certificate);
  if (bits >= LEAST_RSA_BITS) return;
  throw new TypeError(
    `Cannot use ${name}: the RSA key of ${
      quote(certificate.subject)
    } has ${bits} bits, and at least ${LEAST_RSA_BITS} are required`,
  );
}

/** The size of an RSA key; infinite for other keys, and for those that Deno cannot read. */
function rsaBits(certificate: X509Certificate): number {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    const isRSA = asymmetricKeyType === "rsa";
    return isRSA ? asymmetricKeyDetails?.modulusLength ?? Infinity : Infinity;
  } catch {
    return Infinity;
  }
}

function checkMatch(chain: readonly X509Certificate[], key: KeyObject): void {
  const [own] = chain;
  const match = chain.findIndex((certificate) => isKeyOf(certificate, key));
  if (match === 0 || own === undefined) return;
  const subject = quote(own.subject);
  throw new TypeError(
    match < 0
      ? `Cannot use key: it is not the key of cert, which is for ${subject}`
      : `Cannot use cert: its first certificate is for ${subject}, and key belongs to certificate ${
        match + 1
      } of ${chain.length}; put that one first`,
  );
}

function isKeyOf(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    // A public key that Deno cannot read.
    return false;
  }
}

/**
 * Has the engine load certificate and key, as it does for each handshake. It refuses some kinds of
 * keys.
 */
function checkWithEngine(
  material: CertificatePair,
  [own]: readonly X509Certificate[],
): void {
  const wire = new (streamModule().Duplex)({
    read: () => {},
    write: (_bytes, _encoding, written) => written(),
  });
  let isOver = false;
  let refusal: Error | null = null;
  try {
    const server = tlsModule().createServer({ ...material, handshakeTimeout: -1 });
    server.on("tlsClientError", (error) => {
      // The probe's own end is reported later.
      if (!isOver) refusal = error;
    });
    server.emit("connection", wire);
  } catch (error) {
    refusal = asError(error);
  }
  isOver = true;
  wire.destroy();
  if (refusal === null) return;
  throw new TypeError(
    `Cannot use cert and key: TLS does not support the key of ${quote(own?.subject)}`,
    { cause: refusal },
  );
}
