/**
 * Keys and certificates in files, as descriptions of endpoints name them.
 *
 * They are read when an endpoint listens or connects, and not when it is made: making one asks for no permission and cannot fail for a file,
 * and who listens again after a certificate was renewed has the new one. Twisted reads them when the string is parsed.
 *
 * @module
 */

import { messageOf } from "../internal/foreign_value.ts";
import type { IHostEnvironment } from "../reactor/interfaces/mod.ts";
import { pemCertificates, pemPrivateKeys } from "../reactor/tls/pem.ts";

/** Which files a certificate is in. */
export interface CertificateFiles {
  /** The file with the private key. */
  privateKey: string;
  /** The file with the certificate; the private key's unless given. */
  certificate?: string | undefined;
  /** A file with the certificates between that one and the root. */
  chain?: string | undefined;
}

/** A certificate and those behind it, and its key: as PEM. */
export interface ReadCertificate {
  /** The certificate, followed by those between it and the root. */
  cert: string;
  /** Its private key. */
  key: string;
}

/**
 * Reads a certificate.
 *
 * @throws {Error} for a file that cannot be read, or lacks what it is read for.
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
 * Reads the certificates that peers are checked against.
 *
 * In Twisted a file in the directory that cannot be read, or has no certificate, is passed over. Then a peer is turned away later on, and
 * nobody knows why: here it is an error.
 *
 * @param path A directory, of which the files are read whose names end in `.pem`, or one file.
 * @throws {Error} for a file that cannot be read or has no certificate, and for a directory without such files.
 */
export async function readTrustRoots(
  hostEnvironment: IHostEnvironment,
  path: string,
): Promise<string[]> {
  const names = await listed(hostEnvironment, path);
  const paths = names?.filter((name) => /\.pem$/i.test(name)).toSorted()
    .map((name) => `${path}/${name}`) ?? [path];
  if (paths.length === 0) {
    throw new Error(`There is no certificate in ${path}: no file's name ends in .pem`);
  }
  const read = paths.map((each) =>
    readBlocks(hostEnvironment, each, "certificate", pemCertificates)
  );
  return (await Promise.all(read)).flat().map((certificate) => joined([certificate]));
}

/** The names in a directory; `null` for what is none. */
async function listed(
  hostEnvironment: IHostEnvironment,
  path: string,
): Promise<readonly string[] | null> {
  try {
    return await hostEnvironment.readDirectory(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOTDIR") return null;
    throw new Error(`Cannot read the certificates in ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** The blocks of a PEM file that `blocksOf` finds: one at least. */
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
  if (found.length === 0) throw new Error(`There is no ${what} in ${path}, as PEM`);
  return found;
}

function joined(blocks: readonly (string | undefined)[]): string {
  return blocks.map((block) => `${block ?? ""}\n`).join("");
}
