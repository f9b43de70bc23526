/**
 * Keys and certificates in the files that endpoint descriptions name.
 *
 * They are read when an endpoint listens or connects, and not when it is created. Creating an
 * endpoint therefore needs no permission and cannot fail for a file, and listening again after a
 * certificate was renewed uses the new one. Twisted reads them when it parses the string.
 *
 * @module
 */

import { codeOf, messageOf } from "../internal/foreign_value.ts";
import type { IHostEnvironment } from "../reactor/interfaces/mod.ts";
import { pemCertificates, pemPrivateKeys } from "../reactor/tls/pem.ts";

/** The files of a certificate. */
export interface CertificateFiles {
  /** The file with the private key. */
  privateKey: string;
  /** The file with the certificate; by default that of the private key. */
  certificate?: string | undefined;
  /** A file with the certificates between this one and the root. */
  chain?: string | undefined;
}

/** A certificate with its chain and its key, as PEM. */
export interface ReadCertificate {
  /** The certificate, followed by those between it and the root. */
  cert: string;
  /** The private key of the certificate. */
  key: string;
}

/**
 * Reads a certificate, its chain and its key.
 *
 * @throws {Error} when a file cannot be read, or does not contain what it should.
 */
export async function readCertificate(
  hostEnvironment: IHostEnvironment,
  { privateKey, certificate = privateKey, chain }: CertificateFiles,
): Promise<ReadCertificate> {
  const [key] = await readBlocks(hostEnvironment, privateKey, "private key", pemPrivateKeys);
  const certificates = await readBlocks(
    hostEnvironment,
    certificate,
    "certificate",
    pemCertificates,
  );
  if (chain !== undefined) {
    certificates.push(...await readBlocks(hostEnvironment, chain, "certificate", pemCertificates));
  }
  return { cert: joined(certificates), key: joined([key]) };
}

/**
 * Reads the certificates by which peers are verified.
 *
 * Twisted ignores a file in the directory that cannot be read or has no certificate, so that a peer
 * is rejected later for no visible reason. Here it is an error.
 *
 * @param hostEnvironment The host's file system.
 * @param path One file, or a directory, of which the files with names ending in `.pem` are read.
 * @returns The certificates, as PEM.
 * @throws {Error} when a file cannot be read or has no certificate, and when the directory has no
 *   such file.
 */
export async function readTrustRoots(
  hostEnvironment: IHostEnvironment,
  path: string,
): Promise<string[]> {
  const names = await listed(hostEnvironment, path);
  const paths = names?.filter((name) => /\.pem$/i.test(name)).toSorted()
    .map((name) => `${path}/${name}`) ?? [path];
  if (paths.length === 0) {
    throw new Error(
      `Cannot read the certificates in ${path}: no file has a name that ends in .pem`,
    );
  }
  const read = paths.map((each) =>
    readBlocks(hostEnvironment, each, "certificate", pemCertificates)
  );
  return (await Promise.all(read)).flat().map((certificate) => joined([certificate]));
}

/** Returns the names in a directory; `null` if the path is not a directory. */
async function listed(
  hostEnvironment: IHostEnvironment,
  path: string,
): Promise<readonly string[] | null> {
  try {
    return await hostEnvironment.readDirectory(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOTDIR") return null;
    throw new Error(`Cannot read the certificates in ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Reads the PEM blocks that `blocksOf` finds in a file, at least one. */
async function readBlocks(
  hostEnvironment: IHostEnvironment,
  path: string,
  what: string,
  blocksOf: (text: string) => string[],
): Promise<string[]> {
  let text: string;
  try {
    text = await hostEnvironment.readTextFile(path);
  } catch (cause) {
    throw new Error(`Cannot read the ${what} in ${path}: ${messageOf(cause)}`, { cause });
  }
  const found = blocksOf(text);
  if (found.length === 0) {
    throw new Error(
      `Cannot read the ${what} in ${path}: the file contains no PEM block of this type`,
    );
  }
  return found;
}

function joined(blocks: readonly (string | undefined)[]): string {
  return blocks.map((block) => `${block ?? ""}\n`).join("");
}
