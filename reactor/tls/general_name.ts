/**
 * The names in a certificate beside its subject: GeneralName of RFC 5280, section 4.2.1.6.
 *
 * @module
 */

import { addressText } from "../names/ip_address.ts";
import { asciiOf, type DERElement, DERError, elementsOf, oidOf } from "./der.ts";
import { type Name, nameOf, nameText } from "./distinguished_name.ts";

/**
 * A name of one kind. `address` is the address of a host, or that of a network followed by its
 * mask.
 */
export type GeneralName =
  | { readonly kind: "DNS" | "email" | "URI"; readonly text: string }
  | { readonly kind: "IP Address"; readonly address: Uint8Array }
  | { readonly kind: "DirName"; readonly name: Name }
  | { readonly kind: "Registered ID"; readonly text: string }
  | { readonly kind: "othername" | "X400Name" | "EdiPartyName"; readonly text: string };

// The kinds of names by their context-specific DER tags. The kinds 0, 3, 4 and 5 are constructed,
// so their tags begin with 0xa0.
const KINDS = {
  0xa0: "othername",
  0x81: "email",
  0x82: "DNS",
  0xa3: "X400Name",
  0xa4: "DirName",
  0xa5: "EdiPartyName",
  0x86: "URI",
  0x87: "IP Address",
  0x88: "Registered ID",
} as const;

/**
 * Reads the names in a sequence.
 *
 * @param contents The contents of the sequence.
 * @param what The name of the field, for the error.
 * @throws {DERError} when a name is malformed, or an address is not that of a host.
 */
export function generalNamesOf(contents: Uint8Array, what: string): GeneralName[] {
  return elementsOf(contents, what).map((element) => {
    const name = generalNameOf(element, what);
    if (name.kind === "IP Address" && ![4, 16].includes(name.address.length)) {
      throw new DERError(
        `Cannot read ${what}: an address has ${name.address.length} bytes, not 4 or 16`,
      );
    }
    return name;
  });
}

/**
 * Reads one name. The length of an IP address is not checked here.
 *
 * @throws {DERError} when the name is malformed or of an unknown kind.
 */
export function generalNameOf({ tag, contents, bytes }: DERElement, what: string): GeneralName {
  // The cast adds `undefined`, because a certificate may contain a tag that is not in the list.
  const kind = KINDS[tag as keyof typeof KINDS] as typeof KINDS[keyof typeof KINDS] | undefined;
  switch (kind) {
    case undefined:
      throw new DERError(`Cannot read ${what}: a name has the unknown tag ${tag}`);
    case "DNS":
    case "email":
    case "URI": {
      const text = asciiOf(contents);
      if (text === undefined) throw new DERError(`Cannot read ${what}: a name is not ASCII`);
      return { kind, text };
    }
    case "IP Address":
      return { kind, address: contents };
    case "DirName":
      return { kind, name: nameOf(contents, what) };
    case "Registered ID":
      return { kind, text: oidOf({ tag, contents, bytes }, what) };
    default:
      return { kind, text: `#${bytes.toHex()}` };
  }
}

/** Formats a name: its kind, a colon, and the name, unchanged. */
export function generalNameText(name: GeneralName): string {
  switch (name.kind) {
    case "IP Address":
      return `${name.kind}:${addressText(name.address)}`;
    case "DirName":
      return `${name.kind}:${nameText(name.name)}`;
    default:
      return `${name.kind}:${name.text}`;
  }
}
