/**
 * Whether a peer of `node:tls` is who it should be: a check of our own beside that of Deno's engine.
 *
 * It is needed because `node:tls` on Deno 2.9.6 is more lenient than a peer's identity allows. It takes names apart as text, accepts a common
 * name in place of alternative ones, and partial wildcards; it does not look at the time and the constraints of a root, and accepts a
 * certificate of version 1 by its issuer's name alone. So the certificates are read anew from their DER, and decided on by
 * {@linkcode CertificatePath} and {@linkcode isForHost}; Deno's engine has a veto, and proves that the peer has its certificate's key.
 *
 * Deno's own TLS (`Deno.startTls`) verifies both chain and names well, but is not used, for clients either: it shows no certificate of the
 * peer, cannot be forced to end, and refuses a server whose certificate is its own authority, as `openssl req -x509` makes them.
 *
 * Where no roots are named, the system's are trusted. Deno does not let a program read them without a permission for that, so the way to
 * them is the engine's part alone. The name constraints of every certificate that is shown are then checked here, too.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import { type Certificate, readCertificate } from "../tls/certificate.ts";
import {
  CertificatePath,
  type CertificatePurpose,
  type Rejection,
  rejectKeyUsage,
  rejectLeaf,
  rejectNames,
} from "../tls/certificate_path.ts";
import { generalNameText } from "../tls/general_name.ts";
import { isForHost } from "../tls/host_identity.ts";
import { asError } from "../user_code.ts";
import { quote } from "../validation.ts";
import { rejectSignature } from "./certificate_signature.ts";
import { tlsModule } from "./tls_module.ts";

// Longer chains than any in use.
const LONGEST = 10;

/** Whom a peer's certificate must be from and for. */
export interface PeerTrust {
  /** What the peer is. */
  readonly purpose: CertificatePurpose;
  /** The roots that are trusted; null for those of the system, by which the engine has verified the chain. */
  readonly roots: readonly Certificate[] | null;
  /** The name in ASCII, or the address, that the certificate must be for; `undefined` for any. */
  readonly host?: string;
}

/**
 * Keeps the engine from reading the peer's certificates by itself. It does so in an event handler of its own once a server is verified, where
 * one that cannot be read would end the process (checked on Deno 2.9.6).
 */
export function hideCertificates(socket: TLSSocket): void {
  Object.assign(socket, { getPeerCertificate: () => ({}) });
}

/**
 * Returns the certificates that the peer showed as DER, its own first. Roots that its last one leads to may follow.
 *
 * @throws {CertificateError} when Deno cannot read one of them.
 */
export function shownChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let shown = certificatesOf(socket, true);
  while (shown?.raw !== undefined && chain.length < LONGEST) {
    chain.push(new Uint8Array(shown.raw));
    // A root's issuer is itself.
    if (shown.issuerCertificate === shown) break;
    shown = shown.issuerCertificate;
  }
  return chain;
}

/** The peer's certificate, verified or not; null without one, or with one that cannot be read. */
export function shownCertificate(socket: TLSSocket): Certificate | null {
  const raw = certificatesOf(socket, false)?.raw;
  const certificate = raw === undefined ? null : read(new Uint8Array(raw));
  return certificate instanceof Error ? null : certificate;
}

/** What Deno makes of them. The types have a certificate always; without one there is an empty object. */
type ShownCertificate = {
  readonly raw?: Uint8Array;
  readonly issuerCertificate?: ShownCertificate;
};

function certificatesOf(socket: TLSSocket, withIssuers: boolean): ShownCertificate | undefined {
  try {
    // Of the class: that of the socket may be hidden.
    return tlsModule().TLSSocket.prototype.getPeerCertificate.call(socket, withIssuers);
  } catch (cause) {
    const error = asError(cause);
    const reason = `the certificates shown with it cannot be read: ${error.message}`;
    throw new CertificateError({ code: "CERT_REJECTED", reason }, error);
  }
}

/**
 * Verifies the certificates that a peer has shown.
 *
 * @param chain The certificates as DER, the peer's own first: one at least.
 * @param trust Whom they must be from and for.
 * @param now The time, in milliseconds since 1970.
 * @returns The peer's certificate.
 * @throws {CertificateError} when it is not accepted.
 */
export function verifyChain(
  chain: readonly Uint8Array[],
  trust: PeerTrust,
  now: number = Date.now(),
): Certificate {
  const [leaf, ...others] = chain.map(read);
  if (leaf === undefined) {
    throw new CertificateError({ code: "CERT_REJECTED", reason: "there is none" });
  }
  if (leaf instanceof Error) {
    throw new CertificateError({ code: "CERT_REJECTED", reason: leaf.message });
  }
  // One that cannot be read has signed nothing.
  const readable = others.filter((other): other is Certificate => !(other instanceof Error));
  const rejection = rejectChain(leaf, readable, trust, now) ?? rejectHost(leaf, trust.host);
  if (rejection !== null) throw new CertificateError(rejection);
  return leaf;
}

/** A peer's certificate is not accepted. */
export class CertificateError extends Error {
  /** See `Error.name`. */
  override readonly name = "CertificateError";
  /** A code as that of OpenSSL. */
  readonly code: string;

  /**
   * @param rejection What is wrong.
   * @param cause The error of the engine that says so.
   */
  constructor({ code, reason }: Rejection, cause?: Error) {
    super(`the certificate is not accepted: ${reason}`, { cause });
    this.code = code;
  }
}

function read(der: Uint8Array): Certificate | Error {
  try {
    return readCertificate(der);
  } catch (error) {
    return asError(error);
  }
}

function rejectChain(
  leaf: Certificate,
  others: readonly Certificate[],
  { roots, purpose }: PeerTrust,
  now: number,
): Rejection | null {
  if (roots !== null) {
    return new CertificatePath(roots, purpose, rejectSignature, now).reject(leaf, others);
  }
  const rejections = others.map((other) => rejectNames(other, [leaf]));
  return rejectLeaf(leaf, purpose, now) ?? rejectKeyUsage(leaf) ??
    rejections.find((each) => each !== null) ?? null;
}

function rejectHost(leaf: Certificate, host: string | undefined): Rejection | null {
  const { subjectAltName = [] } = leaf.extensions;
  if (host === undefined || isForHost(subjectAltName, host)) return null;
  const names = subjectAltName.map((name) => quote(generalNameText(name))).join(", ");
  return {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    reason: `it is not for ${quote(host)}, but for ${
      names || "no host: it has no alternative names"
    }`,
  };
}
