/** A piece of additional information in a header of version 2: a type, a length and a value. */
export interface ProxyTLV {
  /** The type, from 0 to 255; see {@linkcode ProxyTLVType}. */
  readonly type: number;
  /** The value, at most 65535 bytes. */
  readonly value: Uint8Array;
}

/**
 * The registered types of TLVs. The types from 0xE0 to 0xEF are free for applications, and clouds
 * use some of them: Amazon's VPC endpoint is 0xEA, Azure's link identifier is 0xEE.
 */
export const ProxyTLVType = {
  /** The application protocol that the client negotiated. */
  ALPN: 0x01,
  /** The host name that the client requested. */
  AUTHORITY: 0x02,
  /** The CRC-32C of the header. It is verified. */
  CRC32C: 0x03,
  /** Padding. */
  NOOP: 0x04,
  /** An identifier of the connection, at most 128 bytes. */
  UNIQUE_ID: 0x05,
  /** The client's TLS connection. */
  SSL: 0x20,
  /** The name of the network namespace. */
  NETNS: 0x30,
} as const;

/**
 * Reads TLVs.
 *
 * @param bytes The bytes, which must end with the last TLV.
 * @returns The TLVs, whose values are views; `null` if the last one is incomplete.
 */
export function tlvsIn(bytes: Uint8Array): ProxyTLV[] | null {
  const tlvs: ProxyTLV[] = [];
  for (let at = 0; at < bytes.length;) {
    const [type = 0, high, low] = bytes.subarray(at, at + 3);
    if (high === undefined || low === undefined) return null;
    const end = at + 3 + (high << 8 | low);
    if (end > bytes.length) return null;
    tlvs.push({ type, value: bytes.subarray(at + 3, end) });
    at = end;
  }
  return tlvs;
}
