/**
 * What a handshake on `node:tls` agreed on.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import type { DistinguishedName, PeerCertificate } from "../interfaces.ts";
import type { TlsSession } from "../tls/tls_engine.ts";

/** What was agreed on. The certificate is taken apart when it is asked for. */
export class NodeTlsSession implements TlsSession {
  /** See {@linkcode TlsSession.negotiatedProtocol}. */
  readonly negotiatedProtocol: string | null;
  readonly #certificate: X509Certificate | null;
  #peerCertificate: PeerCertificate | null = null;

  /**
   * @param negotiatedProtocol The protocol chosen by ALPN.
   * @param certificate What the peer showed.
   */
  constructor(negotiatedProtocol: string | null, certificate: X509Certificate | null) {
    this.negotiatedProtocol = negotiatedProtocol;
    this.#certificate = certificate;
  }

  /** See {@linkcode TlsSession.peerCertificate}. */
  get peerCertificate(): PeerCertificate | null {
    if (this.#certificate === null) return null;
    return this.#peerCertificate ??= peerCertificate(this.#certificate);
  }
}

/** A certificate's contents, as values. */
export function peerCertificate(certificate: X509Certificate): PeerCertificate {
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    subjectAltName: alternativeNames(certificate.subjectAltName ?? ""),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    fingerprint256: certificate.fingerprint256,
    raw: new Uint8Array(certificate.raw),
  };
}

/** Node writes one part a line. */
function distinguishedName(text: string): DistinguishedName {
  const parts = (text ?? "").split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(parts.map((line) => {
    const end = line.indexOf("=");
    return [line.slice(0, end), line.slice(end + 1)];
  }));
}

/** Names divided by commas. One with a comma or a quote in it is written as JSON, so that it is not taken for two. */
export function alternativeNames(text: string): string[] {
  const names = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];
  return names.map((name) =>
    name.trim().replace(/"(?:[^"\\]|\\.)*"/, (quoted) => String(JSON.parse(quoted)))
  );
}
