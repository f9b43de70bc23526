/**
 * The way from a peer's certificate to a root (RFC 5280, section 6).
 *
 * A certificate signs others only within its time, as an authority (`CA:TRUE`), with the key usage `keyCertSign` where it has key usages,
 * for the purpose in question where it has purposes, within its path length and its name constraints, and without a critical extension
 * that is not known here. Roots are no exception. A peer's certificate that is itself among the roots needs nobody to sign it and no
 * key usage for TLS, as it may be an authority's; its time and its purposes count.
 *
 * @module
 */

import { quote } from "../validation.ts";
import { type Certificate, KeyUsage, sameBytes } from "./certificate.ts";
import { nameText } from "./distinguished_name.ts";
import { forbiddenName } from "./name_constraints.ts";

/** What a certificate is used for. */
export type CertificatePurpose = "server" | "client";

/** What is wrong with a certificate. */
export interface Rejection {
  /** A code as that of OpenSSL. */
  readonly code: string;
  /** A sentence about the certificate, which is "it". */
  readonly reason: string;
}

/** Checks one signature. Returns what is wrong with it, an unsupported key or algorithm included, and never throws. */
export type SignatureCheck = (certificate: Certificate, issuer: Certificate) => Rejection | null;

const PURPOSES = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

// Longer ways than any in use, and no more signatures than a server may have its clients check.
const LONGEST = 10;
const MOST_SIGNATURES = 100;

/**
 * Returns what forbids to use a certificate for a peer of TLS, whoever has signed it.
 *
 * @param leaf The peer's certificate.
 * @param purpose What the peer is.
 * @param now The time, in milliseconds since 1970.
 */
export function rejectLeaf(
  leaf: Certificate,
  purpose: CertificatePurpose,
  now: number,
): Rejection | null {
  if (leaf.version !== 3) {
    // Deno does not check that its key is the peer's.
    return { code: "UNSUPPORTED_VERSION", reason: `it is of X.509 version ${leaf.version}` };
  }
  return rejectUse("it", leaf, purpose, now);
}

// As OpenSSL has it for TLS: a cipher suite may use any of them.
const TLS_USAGES = [KeyUsage.digitalSignature, KeyUsage.keyEncipherment, KeyUsage.keyAgreement];

/** Returns what the key usages of a peer's certificate forbid. */
export function rejectKeyUsage({ extensions: { keyUsage } }: Certificate): Rejection | null {
  if (keyUsage === undefined || TLS_USAGES.some((usage) => keyUsage.has(usage))) return null;
  return { code: "INVALID_PURPOSE", reason: "its key usage does not allow TLS" };
}

/** The search for a way from a certificate to a root. */
export class CertificatePath {
  readonly #roots: readonly Certificate[];
  readonly #purpose: CertificatePurpose;
  readonly #rejectSignature: SignatureCheck;
  readonly #now: number;
  #signaturesLeft = MOST_SIGNATURES;
  #rejection: Rejection = {
    code: "CERT_SIGNATURE_FAILURE",
    reason: "no trusted root has signed it",
  };

  /**
   * @param roots Whom to trust.
   * @param purpose What the peer is.
   * @param rejectSignature Checks one signature.
   * @param now The time, in milliseconds since 1970.
   */
  constructor(
    roots: readonly Certificate[],
    purpose: CertificatePurpose,
    rejectSignature: SignatureCheck,
    now: number,
  ) {
    this.#roots = roots;
    this.#purpose = purpose;
    this.#rejectSignature = rejectSignature;
    this.#now = now;
  }

  /**
   * Looks for a way. Each of several issuers with the same name is tried.
   *
   * @param leaf The peer's certificate.
   * @param others The certificates that the peer has shown with it, in any order.
   * @returns What is wrong; null when there is a way.
   */
  reject(leaf: Certificate, others: readonly Certificate[]): Rejection | null {
    const rejection = rejectLeaf(leaf, this.#purpose, this.#now);
    if (rejection !== null) return rejection;
    if (this.#roots.some((root) => sameBytes(root.der, leaf.der))) return null;
    if (!this.#leadsToRoot([leaf], others)) return this.#rejection;
    return rejectKeyUsage(leaf);
  }

  /** Whether a root has signed the last of a way, or another certificate that leads to a root itself. */
  #leadsToRoot(way: readonly Certificate[], others: readonly Certificate[]): boolean {
    if (way.length >= LONGEST) return false;
    if (this.#roots.some((root) => this.#signs(root, way))) return true;
    return others.some((other) =>
      this.#signs(other, way) &&
      this.#leadsToRoot([...way, other], others.filter((each) => each !== other))
    );
  }

  /** Whether an issuer has signed the last of a way, and may sign all of it. */
  #signs(issuer: Certificate, way: readonly Certificate[]): boolean {
    const certificate = way.at(-1);
    if (certificate === undefined || !isNamed(issuer, certificate)) return false;
    if (this.#signaturesLeft === 0) return false;
    this.#signaturesLeft -= 1;
    const rejection = this.#rejectSignature(certificate, issuer) ??
      rejectIssuer(issuer, way, this.#purpose, this.#now);
    if (rejection === null) return true;
    this.#rejection = rejection;
    return false;
  }
}

/** Whether the certificate names the issuer, by a name that is not empty. */
function isNamed(issuer: Certificate, certificate: Certificate): boolean {
  return issuer.subject.relativeNames.length > 0 &&
    sameBytes(issuer.subject.der, certificate.issuer.der);
}

/** What forbids any certificate, that of a peer as that of an authority. */
function rejectUse(
  who: string,
  { notBefore, notAfter, extensions, unknownCritical }: Certificate,
  purpose: CertificatePurpose,
  now: number,
): Rejection | null {
  if (now < notBefore) {
    const reason = `${who} is not valid before ${new Date(notBefore).toISOString()}`;
    return { code: "CERT_NOT_YET_VALID", reason };
  }
  if (now > notAfter) {
    const reason = `${who} has expired at ${new Date(notAfter).toISOString()}`;
    return { code: "CERT_HAS_EXPIRED", reason };
  }
  const [unknown] = unknownCritical;
  if (unknown !== undefined) {
    const reason = `${who} has the critical extension ${unknown}, which is not supported`;
    return { code: "UNHANDLED_CRITICAL_EXTENSION", reason };
  }
  if (extensions.extendedKeyUsage?.includes(PURPOSES[purpose]) === false) {
    const reason = `${who} has an extended key usage that does not include TLS ${purpose}s`;
    return { code: "INVALID_PURPOSE", reason };
  }
  return null;
}

/** What forbids an authority to sign a way, from the peer's certificate up. */
function rejectIssuer(
  issuer: Certificate,
  way: readonly Certificate[],
  purpose: CertificatePurpose,
  now: number,
): Rejection | null {
  const { basicConstraints, keyUsage } = issuer.extensions;
  const who = `its issuer ${quote(nameText(issuer.subject))}`;
  if (issuer.version !== 3 || basicConstraints?.isAuthority !== true) {
    return { code: "INVALID_CA", reason: `${who} is not an authority (CA:TRUE)` };
  }
  if (keyUsage?.has(KeyUsage.keyCertSign) === false) {
    return { code: "INVALID_CA", reason: `${who} has a key usage without keyCertSign` };
  }
  const { pathLength = Infinity } = basicConstraints;
  const between = way.slice(1).filter(({ issuer, subject }) => !sameBytes(issuer.der, subject.der));
  if (between.length > pathLength) {
    const reason = `${who} allows no more than ${pathLength} authorities below it`;
    return { code: "PATH_LENGTH_EXCEEDED", reason };
  }
  return rejectUse(who, issuer, purpose, now) ?? rejectNames(issuer, way);
}

/**
 * Returns what the name constraints of an authority forbid.
 *
 * @param issuer The authority.
 * @param below The certificates below it.
 */
export function rejectNames(issuer: Certificate, below: readonly Certificate[]): Rejection | null {
  const { nameConstraints } = issuer.extensions;
  if (nameConstraints === undefined) return null;
  const forbidden = below.map((certificate) => forbiddenName(certificate, nameConstraints))
    .find((name) => name !== undefined);
  if (forbidden === undefined) return null;
  const who = quote(nameText(issuer.subject));
  const reason = `the name constraints of ${who} forbid ${quote(forbidden)}`;
  return { code: "PERMITTED_VIOLATION", reason };
}
