import { tlvsIn } from "./tlv.ts";

/** The client's TLS connection to the proxy, as the TLV of type SSL describes it. */
export interface ProxiedTLS {
  /** Whether the client connected over TLS. */
  readonly isTLS: boolean;
  /** Whether the client presented a certificate on this connection. */
  readonly hasCertificate: boolean;
  /** Whether the client presented a certificate at least once in this TLS session. */
  readonly hasSessionCertificate: boolean;
  /** Whether the client presented a certificate, and the proxy has verified it. */
  readonly isVerified: boolean;
  /** The result of the verification: 0 if a certificate was presented and verified. */
  readonly verify: number;
  /** The version of TLS, such as `TLSv1.3`; `null` if unknown. */
  readonly version: string | null;
  /** The common name in the client's certificate; `null` if unknown. */
  readonly commonName: string | null;
  /** The cipher, such as `ECDHE-RSA-AES128-GCM-SHA256`; `null` if unknown. */
  readonly cipher: string | null;
  /** The signature algorithm of the proxy's certificate, such as `SHA256`; `null` if unknown. */
  readonly signatureAlgorithm: string | null;
  /** The key algorithm of the proxy's certificate, such as `RSA2048`; `null` if unknown. */
  readonly keyAlgorithm: string | null;
  /** The key exchange, such as `secp256r1`; `null` if unknown. */
  readonly group: string | null;
  /** The signature scheme of the handshake, such as `rsa_pss_rsae_sha256`; `null` if unknown. */
  readonly signatureScheme: string | null;
  /** The client's certificate as DER; `null` if it was not passed on. */
  readonly clientCertificate: Uint8Array | null;
}

const CLIENT_SSL = 0x01;
const CLIENT_CERT_CONN = 0x02;
const CLIENT_CERT_SESS = 0x04;
const decoder = new TextDecoder();

/**
 * Reads the value of a TLV of type SSL.
 *
 * @param value The value.
 * @returns The description; `null` if the value is malformed.
 */
export function tlsIn(value: Uint8Array): ProxiedTLS | null {
  const tlvs = value.length < 5 ? null : tlvsIn(value.subarray(5));
  if (tlvs === null) return null;
  const client = value[0] ?? 0;
  const verify = new DataView(value.buffer, value.byteOffset + 1, 4).getUint32(0);
  const bytes = (type: number): Uint8Array | null =>
    tlvs.find((tlv) => tlv.type === type)?.value ?? null;
  const text = (type: number): string | null => {
    const found = bytes(type);
    return found === null ? null : decoder.decode(found);
  };
  const hasCertificate = (client & CLIENT_CERT_CONN) !== 0;
  const hasSessionCertificate = (client & CLIENT_CERT_SESS) !== 0;
  return {
    isTLS: (client & CLIENT_SSL) !== 0,
    hasCertificate,
    hasSessionCertificate,
    isVerified: (hasCertificate || hasSessionCertificate) && verify === 0,
    verify,
    version: text(0x21),
    commonName: text(0x22),
    cipher: text(0x23),
    signatureAlgorithm: text(0x24),
    keyAlgorithm: text(0x25),
    group: text(0x26),
    signatureScheme: text(0x27),
    clientCertificate: bytes(0x28),
  };
}
