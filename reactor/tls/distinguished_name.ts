/**
 * Distinguished names, the form of a certificate's subject and issuer (RFC 5280, section 4.1.2.4).
 *
 * @module
 */

import {
  type DERElement,
  DERError,
  DERReader,
  elementsOf,
  oidOf,
  onlyElement,
  Tag,
  textOf,
} from "./der.ts";

// The short names of attribute types, as in OpenSSL and node.
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

/** One attribute of a name. */
export interface NameAttribute {
  /**
   * The short name of the attribute's type, or the dotted identifier if the type has no short name.
   */
  readonly type: string;
  /**
   * The attribute's value as text. A value that is not text is written as `#` and its DER in
   * hexadecimal, as in RFC 4514.
   */
  readonly value: string;
}

/** A distinguished name. */
export interface Name {
  /** The whole name as DER. */
  readonly der: Uint8Array;
  /** The relative names, the most general first. Each consists of one or more attributes. */
  readonly relativeNames: readonly (readonly NameAttribute[])[];
  /** The relative names as normalized text, so that equal names have the same text. */
  readonly comparable: readonly string[];
}

/**
 * Reads a name.
 *
 * @param der A SEQUENCE of relative names.
 * @param what The name of the field, for the error.
 * @throws {DERError} when it is malformed.
 */
export function nameOf(der: Uint8Array, what: string): Name {
  const { contents } = onlyElement(der, Tag.sequence, what);
  const relativeNames = elementsOf(contents, what).map((relative) => {
    if (relative.tag !== Tag.set || relative.contents.length === 0) {
      throw new DERError(`Cannot read ${what}: a relative name has no attributes`);
    }
    return elementsOf(relative.contents, what).map((attribute) => attributeOf(attribute, what));
  });
  return { der, relativeNames, comparable: relativeNames.map(comparable) };
}

function attributeOf(element: DERElement, what: string): NameAttribute {
  if (element.tag !== Tag.sequence) {
    throw new DERError(`Cannot read ${what}: an attribute of the name is not a SEQUENCE`);
  }
  const reader = new DERReader(element.contents);
  const type = oidOf(reader.read(Tag.oid, what), what);
  const value = reader.next(what);
  reader.end(what);
  return { type: SHORT_NAMES[type] ?? type, value: textOf(value) ?? `#${value.bytes.toHex()}` };
}

/**
 * Returns the attributes of a name by type. Of several attributes with one type, the last counts.
 */
export function attributesOf({ relativeNames }: Name): Record<string, string> {
  return Object.fromEntries(relativeNames.flat().map(({ type, value }) => [type, value]));
}

/**
 * Formats a name, the most specific part first (RFC 4514). Escapes keep a value from reading as
 * another attribute.
 */
export function nameText({ relativeNames }: Name): string {
  return relativeNames.toReversed()
    .map((attributes) => attributes.map(({ type, value }) => `${type}=${escaped(value)}`).join("+"))
    .join(",");
}

const utf8 = new TextEncoder();

function escaped(value: string): string {
  return value.replaceAll(/[\\",+;<=>]|^[ #]| $/g, "\\$&").replaceAll(
    /\p{Cc}/gu,
    (control) => utf8.encode(control).toHex().replaceAll(/../g, "\\$&"),
  );
}

/** Returns whether a name begins with all relative names of another (RFC 5280, section 7.1). */
export function isBelow(name: Name, base: Name): boolean {
  return base.comparable.every((relative, i) => name.comparable[i] === relative);
}

/** Returns a text for comparing names, which ignores case, spaces and the type of string. */
function comparable(attributes: readonly NameAttribute[]): string {
  const parts = attributes.map(({ type, value }) => {
    const text = value.normalize("NFKC").toLowerCase().trim().replaceAll(/\s+/g, " ");
    return JSON.stringify([type, text]);
  });
  return parts.toSorted().join();
}
