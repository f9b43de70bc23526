/**
 * Validation of keys, certificates and protocol names when they are passed in. During a handshake,
 * only the peer would learn of a defect, and some defects would end the process.
 *
 * @module
 */

import type { KeyObject, X509Certificate } from "node:crypto";
import type { TLSOptions } from "../../interfaces/mod.ts";
import { type Certificate, readCertificate } from "../../tls/certificate.ts";
import { pemCertificates, pemPrivateKeys } from "../../tls/pem.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { quote } from "../../../internal/validation.ts";
import { BoundedCache } from "./bounded_cache.ts";
import { cryptoModule, streamModule, tlsModule } from "./builtin_modules.ts";

/** The certificate options of `node:tls`. */
export interface TLSMaterial {
  /** The trusted roots, each a PEM block with one certificate. */
  ca?: string[];
  /** The certificate, followed by its chain. */
  cert?: string;
  /** The private key. */
  key?: string;
}

/** A certificate, followed by its chain, and its private key. */
type CertificatePair = Readonly<Record<"cert" | "key", string>>;

/** Roots that passed the checks: parsed, and as PEM for the engine. */
interface CheckedRoots {
  readonly certificates: readonly X509Certificate[];
  readonly pem: readonly string[];
}

/**
 * Certificates and keys that passed the checks, by their text. A server of `startTLS` passes
 * its own again for each connection, and the check takes longer than the rest of a handshake before
 * the client is known: 30 ms for the roots of a system.
 */
const checkedPairs = new BoundedCache<CertificatePair>(16);
const checkedRoots = new BoundedCache<CheckedRoots>(16);
const readRoots = new BoundedCache<readonly Certificate[]>(16);

const encoder = new TextEncoder();
// The smallest size of an RSA key in bits. Smaller keys have been out of use since 2014, and the
// engine refuses them.
const MIN_RSA_BITS = 2048;
// RFC 7301 stores the length of a protocol name in one byte, and the length of the list in two.
const MAX_PROTOCOL_BYTES = 255;
const MAX_PROTOCOL_LIST_BYTES = 65535;

/**
 * Checks this side's certificate and key and the roots, and converts them for the engine.
 *
 * @throws {TypeError} If one of them cannot be used. The error names it and the reason.
 */
export function tlsMaterial({ cert, key, caCerts = [] }: TLSOptions): TLSMaterial {
  const { pem } = checkedRootsOf(caCerts);
  return { ...pem.length > 0 ? { ca: [...pem] } : {}, ...ownMaterial(cert, key) };
}

/**
 * Reads the roots against which a peer is verified.
 *
 * @throws {TypeError} If a root cannot be used.
 */
export function certificateRoots(caCerts: readonly string[]): readonly X509Certificate[] {
  return checkedRootsOf(caCerts).certificates;
}

function checkedRootsOf(caCerts: readonly string[]): CheckedRoots {
  const texts = rootTexts(caCerts);
  return checkedRoots.get(texts.join("\0"), () => {
    const certificates = texts.flatMap((text, i) => {
      const name = `caCerts[${i}]`;
      const blocks = pemCertificates(text);
      if (blocks.length === 0) throw notPem(name, text, "a certificate");
      const roots = parseCertificates(name, blocks);
      for (const root of roots) checkStrength(name, root);
      return roots;
    });
    return { certificates, pem: certificates.map(String) };
  });
}

function rootTexts(caCerts: readonly string[]): string[] {
  if (!Array.isArray(caCerts)) {
    throw new TypeError(`Cannot use caCerts: it must be an array of PEM, got ${quote(caCerts)}`);
  }
  return caCerts.map((text, i) => checkText(`caCerts[${i}]`, text));
}

/**
 * Reads the roots against which a peer is verified, in the form of this library's own verification.
 *
 * @throws {TypeError} If a root cannot be used.
 */
export function trustedRoots(caCerts: readonly string[]): readonly Certificate[] {
  return readRoots.get(
    rootTexts(caCerts).join("\0"),
    () =>
      certificateRoots(caCerts).map((root) => {
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
      }),
  );
}

/**
 * Checks the protocol names for ALPN.
 *
 * @throws {TypeError} If a value is not a valid protocol name.
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
    if (bytes < 1 || bytes > MAX_PROTOCOL_BYTES) {
      throw new TypeError(
        `Cannot use alpnProtocols[${i}]: ` +
          `it must be a string of 1 to ${MAX_PROTOCOL_BYTES} bytes, got ${quote(name)}`,
      );
    }
    length += 1 + bytes;
  }
  if (length > MAX_PROTOCOL_LIST_BYTES) {
    throw new TypeError(
      `Cannot use alpnProtocols: the names take ${length} bytes, ` +
        `but at most ${MAX_PROTOCOL_LIST_BYTES} are allowed`,
    );
  }
  return [...alpnProtocols];
}

/**
 * Reads the certificate and the key. The text of either option may contain both; the text of the
 * matching option takes precedence.
 */
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
  return checkedPairs.get(name, () => checkedPair(blocks, keyBlock));
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
  if (value !== undefined) return notPem(name, value, what);
  const other = name === "cert" ? "key" : "cert";
  return new TypeError(
    `Cannot use ${other} alone: ${name} is missing, and ${other} does not contain ${what}`,
  );
}

/** The error for a text without the PEM block that it should have: often, it is a file's path. */
function notPem(name: string, text: string, what: string): TypeError {
  const hint = text.includes("-----BEGIN") ? "" : ": pass the text of the file, not its path";
  return new TypeError(`Cannot use ${name}: it is not ${what} in PEM${hint}`);
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot use ${name}: it must be a string of PEM, got ${quote(value)}`);
}

function parseCertificates(name: string, blocks: readonly string[]): X509Certificate[] {
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
  if (bits >= MIN_RSA_BITS) return;
  throw new TypeError(
    `Cannot use ${name}: the RSA key of ${
      quote(certificate.subject)
    } has ${bits} bits, but at least ${MIN_RSA_BITS} are required`,
  );
}

/**
 * Returns the size of an RSA key in bits; Infinity for other keys, and for keys that Deno cannot
 * read.
 */
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
      ? `Cannot use key: it does not match cert, the certificate of ${subject}`
      : `Cannot use cert: its first certificate is for ${subject}, and key belongs to certificate ${
        match + 1
      } of ${chain.length}; put that certificate first`,
  );
}

function isKeyOf(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    // Deno throws an error if it cannot read the certificate's public key. No key can match such a
    // certificate.
    return false;
  }
}

/**
 * Makes the engine load certificate and key, as for a handshake. The engine refuses some types of
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
      // An error after the check has ended comes from destroying the test connection, so it is
      // ignored.
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
