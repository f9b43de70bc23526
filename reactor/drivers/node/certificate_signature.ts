/**
 * The signature of a certificate, checked by `node:crypto`.
 *
 * `X509Certificate.verify` is not used: on Deno 2.9.6 it throws for keys on many curves, including
 * P-521, and does not support RSA-PSS. Weak algorithms and keys (MD5, SHA-1, RSA below 2048 bits)
 * are refused, and so are keys above 8192 bits, which take long to check.
 *
 * @module
 */

import type { KeyObject } from "node:crypto";
import type { Certificate } from "../../tls/certificate.ts";
import type { Rejection } from "../../tls/certificate_path.ts";
import { onlyElement, Tag } from "../../tls/der.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { cryptoModule } from "./builtin_modules.ts";

interface Algorithm {
  readonly hash: "sha256" | "sha384" | "sha512" | null;
  readonly key: "rsa" | "ec" | "ed25519";
  /** The salt's length in bytes, for RSA-PSS. */
  readonly salt?: number;
}

// The supported algorithms by the DER contents of their AlgorithmIdentifier, in hexadecimal (RFC
// 4055, RFC 5758 and RFC 8410).
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "06092a864886f70d01010b0500": { hash: "sha256", key: "rsa" },
  "06092a864886f70d01010c0500": { hash: "sha384", key: "rsa" },
  "06092a864886f70d01010d0500": { hash: "sha512", key: "rsa" },
  [pss("01", "20")]: { hash: "sha256", key: "rsa", salt: 32 },
  [pss("02", "30")]: { hash: "sha384", key: "rsa", salt: 48 },
  [pss("03", "40")]: { hash: "sha512", key: "rsa", salt: 64 },
  "06082a8648ce3d040302": { hash: "sha256", key: "ec" },
  "06082a8648ce3d040303": { hash: "sha384", key: "ec" },
  "06082a8648ce3d040304": { hash: "sha512", key: "ec" },
  "06032b6570": { hash: null, key: "ed25519" },
};

/**
 * Returns the DER contents of the AlgorithmIdentifier of RSA-PSS, in hexadecimal, with the same
 * hash for the message and for MGF1. `hash` is the last byte of the hash's identifier; `salt` is
 * the length of the salt.
 */
function pss(hash: string, salt: string): string {
  const hashAlgorithm = `300d06096086480165030402${hash}0500`;
  const mgf1 = `301a06092a864886f70d010108${hashAlgorithm}`;
  return `06092a864886f70d01010a3034a00f${hashAlgorithm}a11c${mgf1}a2030201${salt}`;
}

/**
 * Returns why a certificate's signature by this issuer is refused; null if it is valid. Never
 * throws.
 */
export function rejectSignature(certificate: Certificate, issuer: Certificate): Rejection | null {
  try {
    const { contents } = onlyElement(certificate.signatureAlgorithm, Tag.sequence, "the algorithm");
    const algorithm = ALGORITHMS[contents.toHex()];
    if (algorithm === undefined) return unsupported("it is signed with an unsupported algorithm");
    const key = publicKeyOf(issuer);
    const reason = rejectKey(key, algorithm);
    if (reason !== null) return unsupported(`its issuer's key ${reason}`);
    return isSigned(certificate, key, algorithm)
      ? null
      : { code: "CERT_SIGNATURE_FAILURE", reason: "the signature by its issuer is wrong" };
  } catch (error) {
    return unsupported(`its issuer's key cannot be used: ${asError(error).message}`);
  }
}

function unsupported(reason: string): Rejection {
  return { code: "UNSUPPORTED_SIGNATURE_ALGORITHM", reason };
}

function publicKeyOf({ publicKey }: Certificate): KeyObject {
  const lines = publicKey.toBase64().replaceAll(/.{64}/g, "$&\n");
  return cryptoModule().createPublicKey(
    `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`,
  );
}

/** Returns why a key cannot be used with an algorithm; null if it can. */
function rejectKey(key: KeyObject, algorithm: Algorithm): string | null {
  const { asymmetricKeyType = "unknown", asymmetricKeyDetails = {} } = key;
  if (asymmetricKeyType !== algorithm.key) {
    return `is of the type ${asymmetricKeyType}, not ${algorithm.key}`;
  }
  const { modulusLength = 0, namedCurve = "unknown" } = asymmetricKeyDetails;
  switch (algorithm.key) {
    case "rsa":
      return modulusLength < 2048 || modulusLength > 8192
        ? `has ${modulusLength} bits, not 2048 to 8192`
        : null;
    case "ec":
      if (!["prime256v1", "secp384r1", "secp521r1"].includes(namedCurve)) {
        return `is on the curve ${namedCurve}, which is not supported`;
      }
      // Deno's crypto rejects every signature on the curve P-521 with SHA-256, even a valid one
      // (checked on 2.9.6). This reason names the cause.
      return namedCurve === "secp521r1" && algorithm.hash === "sha256"
        ? "is on the curve secp521r1, which is not supported with SHA-256"
        : null;
    default:
      return null;
  }
}

function isSigned(
  { signed, signature }: Certificate,
  key: KeyObject,
  { hash, salt }: Algorithm,
): boolean {
  const { constants, verify } = cryptoModule();
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const how = salt === undefined ? key : { key, padding, saltLength: salt };
  return verify(hash, signed, how, signature);
}
