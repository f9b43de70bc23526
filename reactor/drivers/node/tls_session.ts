/**
 * What a handshake on `node:tls` agreed on.
 *
 * @module
 */

import type { PeerCertificate } from "../../interfaces/mod.ts";
import type { Certificate } from "../../tls/certificate.ts";
import { attributesOf } from "../../tls/distinguished_name.ts";
import { generalNameText } from "../../tls/general_name.ts";
import type { TLSSession } from "../../tls/tls_engine.ts";
import { cryptoModule } from "./tls_module.ts";

/** What was agreed on. The certificate is made presentable when it is asked for. */
export class NodeTLSSession implements TLSSession {
  readonly negotiatedProtocol: string | null;
  readonly #certificate: Certificate | null;
  #peerCertificate: PeerCertificate | null = null;

  /**
   * @param negotiatedProtocol The protocol chosen by ALPN.
   * @param certificate What the peer showed.
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

/** A certificate's contents, as values: each name is one name, whatever is in it. */
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
