/**
 * Certificates of X.509 version 1, which no library makes any more: another one, taken apart and put together without what came later.
 *
 * @module
 */

import type { X509Certificate } from "@peculiar/x509";
import { element } from "./der_writer.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

/**
 * The certificate without its version and its extensions, signed anew.
 *
 * @param certificate One of version 3.
 * @param key What signs it: of ECDSA with P-256.
 * @returns It as PEM.
 */
export async function version1(certificate: X509Certificate, key: CryptoKey): Promise<string> {
  const [signed, algorithm] = parts(contents(new Uint8Array(certificate.rawData)));
  if (signed === undefined || algorithm === undefined) throw new Error("Not a certificate");
  // RFC 5280, section 4.1: version [0] is the first of its parts, extensions [3] are the last.
  const kept = parts(contents(signed)).filter(([tag = 0]) => tag !== 0xa0 && tag !== 0xa3);
  const body = element(SEQUENCE, ...kept);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, body);
  const halves = [signature.slice(0, 32), signature.slice(32)].map((half) =>
    // Never negative, whatever its first bit.
    element(INTEGER, new Uint8Array([0]), new Uint8Array(half))
  );
  const bits = element(BIT_STRING, new Uint8Array([0]), element(SEQUENCE, ...halves.map(shortest)));
  const all = element(SEQUENCE, body, algorithm, bits).toBase64().replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${all.trimEnd()}\n-----END CERTIFICATE-----\n`;
}

/** DER allows no zero in front that is not needed. */
function shortest(integer: Uint8Array): Uint8Array {
  let value = contents(integer);
  while (value.length > 1 && value[0] === 0 && (value[1] ?? 0) < 128) value = value.subarray(1);
  return element(INTEGER, value);
}

/** How long an element's header is, and its contents. Nothing here is longer than 65535 bytes. */
function lengths(bytes: Uint8Array): [header: number, contents: number] {
  const [, first = 0, second = 0, third = 0] = bytes;
  if (first < 128) return [2, first];
  return first === 0x81 ? [3, second] : [4, second << 8 | third];
}

function contents(bytes: Uint8Array): Uint8Array {
  const [header, length] = lengths(bytes);
  return bytes.subarray(header, header + length);
}

function parts(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const [header, length] = lengths(bytes.subarray(start));
    found.push(bytes.subarray(start, start += header + length));
  }
  return found;
}
