/**
 * The check of a peer's certificates, in addition to that of Deno's engine.
 *
 * It is needed because `node:tls` on Deno 2.9.6 is too lenient. It parses names as text, so that a
 * name can contain other names. It accepts a common name without alternative names, and partial
 * wildcards. It ignores the validity and the constraints of roots. It accepts a certificate of
 * version 1 by its issuer's name, and without proof that the peer has the key. So the certificates
 * are read again from their DER, {@linkcode CertificatePath} and {@linkcode isForHost} decide, and
 * the engine has a veto.
 *
 * Deno's own TLS (`Deno.startTls`) verifies chains and names well. It is not used, because it shows
 * no peer certificate, cannot be forced to close, and refuses a server whose certificate is its own
 * authority, such as those of `openssl req -x509`.
 *
 * Without `caCerts`, the system's roots are trusted. A program needs a permission to read them, so
 * the engine alone verifies the chain. Versions, purposes, names, and the name constraints of all
 * certificates that the peer has sent are checked here as well.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import { type Certificate, readCertificate } from "../../tls/certificate.ts";
import {
  CertificatePath,
  type CertificatePurpose,
  type Rejection,
  rejectKeyUsage,
  rejectLeaf,
  rejectNames,
} from "../../tls/certificate_path.ts";
import { generalNameText } from "../../tls/general_name.ts";
import { isForHost } from "../../tls/host_identity.ts";
import { hasTooManyNames } from "../../tls/name_constraints.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { quote } from "../../../internal/validation.ts";
import { rejectSignature } from "./certificate_signature.ts";
import { tlsModule } from "./builtin_modules.ts";

// The largest number of certificates read from a peer. Real chains are shorter.
const MAX_CHAIN_LENGTH = 10;
// The largest number of characters of a rejection's reason. A reason may be logged and quotes names
// from the peer's certificate, which can contain 60 kB of them.
const MAX_REASON_LENGTH = 500;

/** The requirements on a peer's certificate. */
export interface PeerTrust {
  /** The role of the peer: server or client. */
  readonly purpose: CertificatePurpose;
  /**
   * The trusted roots. Null stands for the roots of the system, against which the engine has
   * already verified the chain.
   */
  readonly roots: readonly Certificate[] | null;
  /**
   * The host to which the certificate must belong: a name in ASCII, or an address. If undefined,
   * any host is accepted.
   */
  readonly host?: string;
}

/**
 * Prevents the engine from reading the peer's certificates. It does so in its own event handler
 * once a server is verified, where a malformed certificate would abort the process (checked on Deno
 * 2.9.6).
 */
export function hideCertificates(socket: TLSSocket): void {
  Object.assign(socket, { getPeerCertificate: () => ({}) });
}

/**
 * Returns the certificates that the peer has sent as DER, its own first. Roots may follow.
 *
 * @throws {CertificateError} If Deno cannot read a certificate.
 */
export function peerChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let sent = certificatesOf(socket, true);
  while (sent?.raw !== undefined && chain.length < MAX_CHAIN_LENGTH) {
    chain.push(new Uint8Array(sent.raw));
    // A root certificate is its own issuer, so the chain ends here.
    if (sent.issuerCertificate === sent) break;
    sent = sent.issuerCertificate;
  }
  return chain;
}

/** Returns the peer's certificate without a check. Null if there is none, or if it is malformed. */
export function peerCertificateOf(socket: TLSSocket): Certificate | null {
  const raw = certificatesOf(socket, false)?.raw;
  const certificate = raw === undefined ? null : read(new Uint8Array(raw));
  return certificate instanceof Error ? null : certificate;
}

/** A certificate as Deno returns it: an empty object if there is none, contrary to its type. */
type SentCertificate = {
  readonly raw?: Uint8Array;
  readonly issuerCertificate?: SentCertificate;
};

function certificatesOf(socket: TLSSocket, withIssuers: boolean): SentCertificate | undefined {
  try {
    // The prototype's method is called, because hideCertificates() has replaced the method of the
    // socket itself.
    return tlsModule().TLSSocket.prototype.getPeerCertificate.call(socket, withIssuers);
  } catch (cause) {
    const error = asError(cause);
    const reason = `the certificates sent with it cannot be read: ${error.message}`;
    throw new CertificateError({ code: "CERT_REJECTED", reason }, error);
  }
}

/**
 * Verifies the certificates that a peer has sent.
 *
 * @param chain The certificates as DER, the peer's own first. At least one.
 * @param trust The requirements.
 * @param now The time in milliseconds since 1970.
 * @returns The peer's certificate.
 * @throws {CertificateError} If the certificates do not meet the requirements.
 */
export function verifyChain(
  chain: readonly Uint8Array[],
  trust: PeerTrust,
  now: number = Date.now(),
): Certificate {
  const [leaf, ...others] = chain.map(read);
  if (leaf === undefined) {
    throw new CertificateError({
      code: "CERT_REJECTED",
      reason: "the peer has sent no certificate",
    });
  }
  if (leaf instanceof Error) {
    throw new CertificateError({ code: "CERT_REJECTED", reason: leaf.message });
  }
  // A malformed certificate cannot be an issuer, so it is left out instead of rejecting the chain.
  const readable = others.filter((other): other is Certificate => !(other instanceof Error));
  const rejection = rejectNumberOfNames([leaf, ...readable]) ??
    rejectChain(leaf, readable, trust, now) ?? rejectHost(leaf, trust.host);
  if (rejection !== null) throw new CertificateError(rejection);
  return leaf;
}

/** Thrown when a peer's certificate is not accepted. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  /** The reason as a code in the style of OpenSSL's, such as `CERT_REJECTED`. */
  readonly code: string;

  /**
   * Creates the error.
   *
   * @param rejection The reason.
   * @param cause The error of the engine, if it has refused the certificate.
   */
  constructor({ code, reason }: Rejection, cause?: Error) {
    super(`the certificate is not accepted: ${shortened(reason)}`, { cause });
    this.code = code;
  }
}

function shortened(text: string): string {
  return text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH)}…`;
}

function read(der: Uint8Array): Certificate | Error {
  try {
    return readCertificate(der);
  } catch (error) {
    return asError(error);
  }
}

function rejectNumberOfNames(chain: readonly Certificate[]): Rejection | null {
  return hasTooManyNames(chain)
    ? { code: "CERT_REJECTED", reason: "its chain has too many names and name constraints" }
    : null;
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
  const rejections = others.map((other) => rejectNames(other, leaf));
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
