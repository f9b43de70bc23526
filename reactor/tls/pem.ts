/**
 * PEM files (RFC 7468), taken apart.
 *
 * @module
 */

/** One block of a PEM text. */
export interface PEMBlock {
  /** The words between `BEGIN` and the dashes: `CERTIFICATE`. */
  readonly label: string;
  /** The whole block, from dashes to dashes. */
  readonly text: string;
}

const CERTIFICATE = /^(X509 |TRUSTED )?CERTIFICATE$/;
const PRIVATE_KEY = /PRIVATE KEY$/;

/** Returns the blocks of a PEM text in their order. Text between the blocks is ignored. */
export function pemBlocks(text: string): PEMBlock[] {
  const found = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^]+?-----END \1-----/g);
  return Array.from(found, ([block, label = ""]) => ({ label, text: block }));
}

/** Returns the certificates of a PEM text, each as a block. */
export function pemCertificates(text: string): string[] {
  return pemBlocks(text).filter(({ label }) => CERTIFICATE.test(label)).map(({ text }) => text);
}

/** Returns the private keys of a PEM text, each as a block, encrypted ones included. */
export function pemPrivateKeys(text: string): string[] {
  return pemBlocks(text).filter(({ label }) => PRIVATE_KEY.test(label)).map(({ text }) => text);
}
