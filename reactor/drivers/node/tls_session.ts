/**
 * The result of a handshake on `node:tls`.
 *
 * @module
 */

import type { PeerCertificate } from "../../interfaces/mod.ts";
import type { Certificate } from "../../tls/certificate.ts";
import { attributesOf } from "../../tls/distinguished_name.ts";
import { generalNameText } from "../../tls/general_name.ts";
import type { TLSSession } from "../../tls/tls_engine.ts";
import { cryptoModule } from "./builtin_modules.ts";

/** The negotiated parameters. The peer's certificate is converted on first use. */
export class NodeTLSSession implements TLSSession {
  readonly negotiatedProtocol: string | null;
  readonly #certificate: Certificate | null;
  #peerCertificate: PeerCertificate | null = null;

  /**
   * Creates the result.
   *
   * @param negotiatedProtocol The protocol that ALPN has selected, or null.
   * @param certificate The peer's certificate, or null.
   */
  constructor(negotiatedProtocol: string | null, certificate: Certificate | null) {
    this.negotiatedProtocol = negotiatedProtocol;
    this.#certificate = certificate;
  }

  get peerCertificate(): PeerCertificate | null {
    if (this.#certificate === null) return null;
    return this.#peerCertificate ??= peerCertificate(this.#certificate);
  }
}

/**
 * Converts a certificate to plain values. Each name stays a separate value, whatever characters it
 * contains.
 */
export function peerCertificate(certificate: Certificate): PeerCertificate {
  const digest = cryptoModule().createHash("sha256").update(certificate.der).digest("hex");
  return {
    subject: attributesOf(certificate.subject),
    issuer: attributesOf(certificate.issuer),
    subjectAltName: (certificate.extensions.subjectAltName ?? []).map(generalNameText),
    validFrom: new Date(certificate.notBefore),
    validTo: new Date(certificate.notAfter),
    fingerprint256: digest.toUpperCase().replaceAll(/..(?!$)/g, "$&:"),
    raw: new Uint8Array(certificate.der),
  };
}
