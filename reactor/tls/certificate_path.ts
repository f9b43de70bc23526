/**
 * The search for a path from a peer's certificate to a root (RFC 5280, section 6).
 *
 * A certificate may sign others if it is valid at the time, is an authority (`CA:TRUE`), has the
 * key usage `keyCertSign` or no key usages, has the peer's purpose or no purposes, keeps to its
 * path length and name constraints, and has no unknown critical extension. The same holds for
 * roots.
 *
 * A peer's certificate that is itself a root needs no issuer, and no key usage for TLS, because it
 * may be an authority's. Its validity and its purposes are checked.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import { type Certificate, KeyUsage, sameBytes } from "./certificate.ts";
import { nameText } from "./distinguished_name.ts";
import { forbiddenName } from "./name_constraints.ts";

/** The side of the peer that has the certificate. */
export type CertificatePurpose = "server" | "client";

/** The reason why a certificate is refused. */
export interface Rejection {
  /** A code in the style of OpenSSL's. */
  readonly code: string;
  /** A clause whose "it" is the certificate, such as `it expired at …`. */
  readonly reason: string;
}

/**
 * Checks one signature. Never throws.
 *
 * @returns The reason for a refusal, also for an unsupported key or algorithm; `null` if the
 *   signature is valid.
 */
export type SignatureCheck = (certificate: Certificate, issuer: Certificate) => Rejection | null;

const PURPOSES = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

// Limits on the work that a peer's certificates can cause: the length of a path and the number of
// signatures to verify. Real chains need far less.
const LONGEST = 10;
const MOST_SIGNATURES = 100;

/**
 * Checks whether a certificate can identify a TLS peer, regardless of its issuer.
 *
 * @param leaf The peer's certificate.
 * @param purpose The side of the peer.
 * @param now The time, in milliseconds since 1970.
 * @returns The reason for a refusal; `null` if there is none.
 */
export function rejectLeaf(
  leaf: Certificate,
  purpose: CertificatePurpose,
  now: number,
): Rejection | null {
  if (leaf.version !== 3) {
    // A certificate of another version is refused, because Deno 2.9.6 does not check that the peer
    // has the private key of such a certificate.
    return {
      code: "UNSUPPORTED_VERSION",
      reason: `its X.509 version is ${leaf.version}, but only version 3 is accepted`,
    };
  }
  return rejectUse("it", leaf, purpose, now);
}

// The key usages of which a TLS certificate needs at least one, as in OpenSSL.
const TLS_USAGES = [KeyUsage.digitalSignature, KeyUsage.keyEncipherment, KeyUsage.keyAgreement];

/**
 * Checks whether the key usages of a peer's certificate allow TLS.
 *
 * @returns The reason for a refusal; `null` if there is none.
 */
export function rejectKeyUsage({ extensions: { keyUsage } }: Certificate): Rejection | null {
  if (keyUsage === undefined || TLS_USAGES.some((usage) => keyUsage.has(usage))) return null;
  return { code: "INVALID_PURPOSE", reason: "its key usage does not allow TLS" };
}

/** Searches for a path from a certificate to a root. */
export class CertificatePath {
  readonly #roots: readonly Certificate[];
  readonly #purpose: CertificatePurpose;
  readonly #rejectSignature: SignatureCheck;
  readonly #now: number;
  #signaturesLeft = MOST_SIGNATURES;
  /**
   * The results of the name constraints for pairs of an authority and a certificate below it: the
   * reason of a refusal, or `null`. They are stored, because a search meets the same pair on many
   * paths.
   */
  readonly #forbidden = new Map<Certificate, Map<Certificate, Rejection | null>>();
  #rejection: Rejection = {
    code: "CERT_SIGNATURE_FAILURE",
    reason: "no trusted root has signed it",
  };

  /**
   * @param roots The trusted certificates.
   * @param purpose The side of the peer.
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
   * Searches for a path. Tries every issuer with the right name.
   *
   * @param leaf The peer's certificate.
   * @param others The other certificates that the peer has sent, in any order.
   * @returns The reason for a refusal, or null if there is a path.
   */
  reject(leaf: Certificate, others: readonly Certificate[]): Rejection | null {
    const rejection = rejectLeaf(leaf, this.#purpose, this.#now);
    if (rejection !== null) return rejection;
    if (this.#roots.some((root) => sameBytes(root.der, leaf.der))) return null;
    if (!this.#leadsToRoot([leaf], others)) return this.#rejection;
    return rejectKeyUsage(leaf);
  }

  /**
   * Returns whether the last certificate of a path was signed by a root, or by another certificate
   * whose path leads to a root.
   */
  #leadsToRoot(path: readonly Certificate[], others: readonly Certificate[]): boolean {
    if (path.length >= LONGEST) return false;
    if (this.#roots.some((root) => this.#signs(root, path))) return true;
    return others.some((other) =>
      this.#signs(other, path) &&
      this.#leadsToRoot([...path, other], others.filter((each) => each !== other))
    );
  }

  /** Returns whether an issuer has signed the last certificate of a path, and may sign the path. */
  #signs(issuer: Certificate, path: readonly Certificate[]): boolean {
    const certificate = path.at(-1);
    if (certificate === undefined || !isNamed(issuer, certificate)) return false;
    if (this.#signaturesLeft === 0) return false;
    this.#signaturesLeft -= 1;
    const rejection = this.#rejectSignature(certificate, issuer) ??
      rejectIssuer(issuer, path, this.#purpose, this.#now) ?? this.#rejectNames(issuer, path);
    if (rejection === null) return true;
    this.#rejection = rejection;
    return false;
  }

  #rejectNames(issuer: Certificate, path: readonly Certificate[]): Rejection | null {
    const known = this.#forbidden.getOrInsertComputed(issuer, () => new Map());
    for (const certificate of path) {
      const rejection = known.getOrInsertComputed(
        certificate,
        () => rejectNames(issuer, certificate),
      );
      if (rejection !== null) return rejection;
    }
    return null;
  }
}

/** Returns whether the certificate names the issuer, and the name is not empty. */
function isNamed(issuer: Certificate, certificate: Certificate): boolean {
  return issuer.subject.relativeNames.length > 0 &&
    sameBytes(issuer.subject.der, certificate.issuer.der);
}

/**
 * Checks the validity, the extensions and the purposes of a peer's or an authority's certificate.
 *
 * @returns The reason for a refusal; `null` if there is none.
 */
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
    const reason = `${who} expired at ${new Date(notAfter).toISOString()}`;
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

/**
 * Checks whether an authority may sign a path, which begins with the peer's certificate. Name
 * constraints are checked by {@linkcode rejectNames}.
 *
 * @returns The reason for a refusal; `null` if there is none.
 */
function rejectIssuer(
  issuer: Certificate,
  path: readonly Certificate[],
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
  const between = path.slice(1).filter(({ issuer, subject }) =>
    !sameBytes(issuer.der, subject.der)
  );
  if (between.length > pathLength) {
    const reason = `${who} allows no more than ${pathLength} authorities below it`;
    return { code: "PATH_LENGTH_EXCEEDED", reason };
  }
  return rejectUse(who, issuer, purpose, now);
}

/**
 * Checks whether the name constraints of an authority allow a certificate below it.
 *
 * @param issuer The authority.
 * @param certificate The certificate.
 * @returns The reason for a refusal; `null` if there is none.
 */
export function rejectNames(issuer: Certificate, certificate: Certificate): Rejection | null {
  const { nameConstraints } = issuer.extensions;
  if (nameConstraints === undefined) return null;
  const forbidden = forbiddenName(certificate, nameConstraints);
  if (forbidden === undefined) return null;
  const who = quote(nameText(issuer.subject));
  const reason = `the name constraints of ${who} forbid ${quote(forbidden)}`;
  return { code: "PERMITTED_VIOLATION", reason };
}
