/**
 * A second look at the chain of a server's certificate.
 *
 * Where roots are named, `node:tls` on Deno 2.9.6 is more lenient than a client may be that means those roots and no others. So a chain that
 * it has accepted is walked here again, signature by signature, to one of them. What this does not look at (names, purposes and
 * constraints: RFC 5280, section 6) is what came before has to see to.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { cryptoModule } from "./tls_module.ts";

// Longer chains than any in use.
const LONGEST = 10;

/** The certificates that the peer showed, its own first. */
export function shownChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let shown = socket.getPeerCertificate(true);
  while (shown?.raw !== undefined && chain.length < LONGEST) {
    chain.push(new (cryptoModule().X509Certificate)(shown.raw));
    // A root's issuer is itself.
    if (shown.issuerCertificate === shown) break;
    shown = shown.issuerCertificate;
  }
  return chain;
}

/** Whether the first certificate is one of the roots, or signed by one of them, by way of the others. */
export function leadsToRoot(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date = new Date(),
): boolean {
  let [current] = chain;
  for (let length = 0; current !== undefined && length < LONGEST; length++) {
    const certificate = current;
    if (!isValid(certificate, now)) return false;
    if (roots.some((root) => root.raw.equals(certificate.raw))) return true;
    if (roots.some((root) => isSignedBy(certificate, root))) return true;
    current = chain.find((other) => other.ca && isSignedBy(certificate, other));
  }
  return false;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
}

function isValid(certificate: X509Certificate, now: Date): boolean {
  return new Date(certificate.validFrom) <= now && now <= new Date(certificate.validTo);
}
