/**
 * Name constraints (RFC 5280, section 4.2.1.10): the names that an authority may sign.
 *
 * DNS names, addresses and distinguished names are compared. If another kind of name is
 * constrained, every certificate with a name of that kind is refused, as the RFC allows.
 * Self-issued certificates are checked like all others, which is stricter than the RFC.
 *
 * Every name is compared with every constraint. So a chain may have many of one or the other, but
 * not of both: OpenSSL and webpki limit the product as well.
 *
 * @module
 */

import type { Certificate, NameConstraints } from "./certificate.ts";
import { isBelow } from "./distinguished_name.ts";
import { type GeneralName, generalNameText } from "./general_name.ts";

// The largest number of comparisons of names with constraints in a chain, as in webpki. They take
// some tens of milliseconds.
const MOST_COMPARISONS = 250_000;

/** Returns whether the names and the constraints in a chain are too many to compare all of them. */
export function hasTooManyNames(chain: readonly Certificate[]): boolean {
  const names = chain.reduce((sum, certificate) => sum + namesOf(certificate).length, 0);
  const trees = chain.reduce((sum, { extensions: { nameConstraints } }) => {
    const { permitted = [], excluded = [] } = nameConstraints ?? {};
    return sum + permitted.length + excluded.length;
  }, 0);
  return names * trees > MOST_COMPARISONS;
}

/**
 * Returns the first name of a certificate that the constraints of an authority above it forbid.
 *
 * @returns The name as text; `undefined` when all are allowed.
 */
export function forbiddenName(
  certificate: Certificate,
  { permitted, excluded }: NameConstraints,
): string | undefined {
  const forbidden = namesOf(certificate).find((name) => {
    const trees = permitted.filter(({ kind }) => kind === name.kind);
    return trees.length > 0 && !trees.some((tree) => isInside(name, tree)) ||
      excluded.some((tree) => tree.kind === name.kind && mayBeInside(name, tree));
  });
  return forbidden && generalNameText(forbidden);
}

/**
 * Returns all names of a certificate: alternative names, subject, and mail addresses in the
 * subject.
 */
function namesOf({ subject, extensions }: Certificate): GeneralName[] {
  const names: GeneralName[] = [...extensions.subjectAltName ?? []];
  if (subject.relativeNames.length > 0) names.push({ kind: "DirName", name: subject });
  for (const { type, value } of subject.relativeNames.flat()) {
    if (type === "emailAddress") names.push({ kind: "email", text: value });
  }
  return names;
}

/** Returns whether every name that matches the pattern `name` is in the subtree. */
function isInside(name: GeneralName, tree: GeneralName): boolean {
  if (name.kind === "DNS" && tree.kind === "DNS") return isSubdomain(name.text, tree.text);
  if (name.kind === "DirName" && tree.kind === "DirName") return isBelow(name.name, tree.name);
  if (name.kind === "IP Address" && tree.kind === "IP Address") {
    return isInNetwork(name.address, tree.address);
  }
  return false;
}

/** Returns whether any name that matches the pattern `name` may be in the subtree. */
function mayBeInside(name: GeneralName, tree: GeneralName): boolean {
  if (name.kind === "DNS" && tree.kind === "DNS") {
    // A wildcard matches any first label. So it may also match the tree's own name, if the rest of
    // that name equals the rest of the pattern.
    const [, parent] = /^\*\.(.*)$/.exec(name.text) ?? [];
    const isAmong = parent !== undefined && parentOf(tree.text) === normal(parent);
    return isAmong || isSubdomain(name.text, tree.text);
  }
  const isComparable = name.kind === "DirName" || name.kind === "IP Address";
  return !isComparable || isInside(name, tree);
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function parentOf(tree: string): string {
  return normal(tree).replace(/^\./, "").replace(/^[^.]*\.?/, "");
}

/**
 * Returns whether a name is in a subtree. A subtree with a leading dot contains only the names
 * below the rest of its text; an empty subtree contains all names.
 */
function isSubdomain(name: string, tree: string): boolean {
  const [own, base] = [normal(name), normal(tree)];
  if (base === "" || base === own) return true;
  return own.endsWith(base.startsWith(".") ? base : `.${base}`);
}

/** Returns whether an address is in a network, which consists of an address and a mask. */
function isInNetwork(address: Uint8Array, network: Uint8Array): boolean {
  if (network.length !== address.length * 2) return false;
  return address.every((byte, i) => {
    const mask = network[address.length + i] ?? 0;
    return (byte & mask) === ((network[i] ?? 0) & mask);
  });
}
