/**
 * A strict reader of DER (X.690), the encoding of certificates.
 *
 * It refuses every encoding that allows two readings: lengths must be definite, in their shortest
 * form and within their parent, and no bytes may be left over.
 *
 * @module
 */

/** The tags of the elements in certificates. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Thrown when bytes are not the expected DER. */
export class DERError extends Error {
  override readonly name = "DERError";
}

/** One DER element. */
export interface DERElement {
  /** The tag byte: class, constructed bit and number. */
  readonly tag: number;
  /** The contents, without tag and length. */
  readonly contents: Uint8Array;
  /** The whole element. */
  readonly bytes: Uint8Array;
}

/** Reads the elements in a run of bytes, one after another. */
export class DERReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  /** @param bytes The elements, in sequence. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all elements have been read. */
  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  /**
   * Reads the next element, with any tag.
   *
   * @param what The name of the element, for the error.
   * @throws {DERError} when no bytes are left, or the element is malformed.
   */
  next(what: string): DERElement {
    const start = this.#position;
    const tag = this.#byte(what);
    if ((tag & 0x1f) === 0x1f) {
      throw new DERError(
        `Cannot read ${what}: its DER tag has several bytes, but only one is supported`,
      );
    }
    const length = this.#length(what);
    const from = this.#position;
    if (length > this.#bytes.length - from) {
      throw new DERError(
        `Cannot read ${what}: its length is ${length} bytes, but only ${
          this.#bytes.length - from
        } follow`,
      );
    }
    this.#position = from + length;
    return {
      tag,
      contents: this.#bytes.subarray(from, this.#position),
      bytes: this.#bytes.subarray(start, this.#position),
    };
  }

  /**
   * Reads the next element, which must have this tag.
   *
   * @throws {DERError} when no bytes are left, or the element is malformed or has another tag.
   */
  read(tag: number, what: string): DERElement {
    const element = this.next(what);
    if (element.tag !== tag) {
      throw new DERError(`Cannot read ${what}: its DER tag must be ${tag}, got ${element.tag}`);
    }
    return element;
  }

  /** Reads the next element if it has this tag; else returns `undefined` and reads nothing. */
  readOptional(tag: number, what: string): DERElement | undefined {
    return this.#bytes[this.#position] === tag ? this.next(what) : undefined;
  }

  /**
   * Checks that all elements have been read.
   *
   * @throws {DERError} when bytes are left.
   */
  end(what: string): void {
    if (!this.atEnd) throw new DERError(`Cannot read ${what}: extra bytes follow it`);
  }

  #byte(what: string): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new DERError(`Cannot read ${what}: the data ends before it`);
    this.#position += 1;
    return byte;
  }

  #length(what: string): number {
    const first = this.#byte(what);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) {
      throw new DERError(`Cannot read ${what}: its DER length is indefinite or too large`);
    }
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte(what);
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw new DERError(`Cannot read ${what}: its DER length is not in its shortest form`);
    }
    return length;
  }
}

/**
 * Reads all elements in a run of bytes.
 *
 * @throws {DERError} when an element is malformed.
 */
export function elementsOf(contents: Uint8Array, what: string): DERElement[] {
  const reader = new DERReader(contents);
  const elements: DERElement[] = [];
  while (!reader.atEnd) elements.push(reader.next(what));
  return elements;
}

/**
 * Reads bytes that consist of exactly one element.
 *
 * @param bytes The bytes.
 * @param tag The tag that the element must have.
 * @param what The name of the element, for the error.
 * @throws {DERError} when the bytes are malformed, have another tag, or contain more.
 */
export function onlyElement(bytes: Uint8Array, tag: number, what: string): DERElement {
  const reader = new DERReader(bytes);
  const element = reader.read(tag, what);
  reader.end(what);
  return element;
}

/**
 * Reads a BOOLEAN.
 *
 * @throws {DERError} when the contents are not a BOOLEAN.
 */
export function booleanOf({ contents }: DERElement, what: string): boolean {
  const [value] = contents;
  if (contents.length !== 1 || (value !== 0 && value !== 0xff)) {
    throw new DERError(`Cannot read ${what}: it is not a valid DER BOOLEAN`);
  }
  return value === 0xff;
}

/**
 * Reads an INTEGER from 0 to 2^31 - 1.
 *
 * @throws {DERError} when the contents are not such an INTEGER.
 */
export function smallIntegerOf(element: DERElement, what: string): number {
  checkInteger(element, what);
  const { contents } = element;
  if ((contents[0] ?? 0) >= 0x80 || contents.length > 4) {
    throw new DERError(`Cannot read ${what}: it is not an integer from 0 to 2147483647`);
  }
  return contents.reduce((value, byte) => value * 256 + byte, 0);
}

/**
 * Checks that an element is an INTEGER in its shortest form.
 *
 * @throws {DERError} when it is not.
 */
export function checkInteger({ contents }: DERElement, what: string): void {
  const [first, second] = contents;
  const isPadded = second !== undefined &&
    (first === 0 && second < 0x80 || first === 0xff && second >= 0x80);
  if (first === undefined || isPadded) {
    throw new DERError(`Cannot read ${what}: it is not a valid DER INTEGER`);
  }
}

// The largest size of a number in bytes; the largest numbers in use have 128 bits (UUIDs, X.667).
// The limit is needed because the time to read a number grows with the square of its length: a
// number of 60 kB in a peer's certificate would block the process for seconds.
const LONGEST_NUMBER = 19;

/**
 * Reads an OBJECT IDENTIFIER.
 *
 * @returns Its numbers, separated by dots.
 * @throws {DERError} when the contents are not an object identifier, or a number has more than 133
 *   bits.
 */
export function oidOf({ contents }: DERElement, what: string): string {
  const numbers: bigint[] = [];
  let value = 0n;
  let length = 0;
  for (const byte of contents) {
    if (length === 0 && byte === 0x80) {
      throw new DERError(
        `Cannot read ${what}: a number in the object identifier is not in its shortest form`,
      );
    }
    length += 1;
    if (length > LONGEST_NUMBER) {
      throw new DERError(`Cannot read ${what}: a number in the object identifier is too large`);
    }
    value = value << 7n | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0n;
    length = 0;
  }
  const [first, ...rest] = numbers;
  if (first === undefined || length > 0) {
    throw new DERError(`Cannot read ${what}: it is not a valid OBJECT IDENTIFIER`);
  }
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join(".");
}

/**
 * Reads a BIT STRING.
 *
 * @returns The bytes, whose first bit is the highest of the first byte, and the number of unused
 *   bits in the last byte, which are zero.
 * @throws {DERError} when the contents are not a bit string.
 */
export function bitsOf(
  { contents }: DERElement,
  what: string,
): { readonly bytes: Uint8Array; readonly unused: number } {
  const [unused] = contents;
  const bytes = contents.subarray(1);
  const last = bytes.at(-1) ?? 0;
  if (unused === undefined || unused > 7 || (unused > 0 && bytes.length === 0)) {
    throw new DERError(`Cannot read ${what}: it is not a valid DER BIT STRING`);
  }
  if ((last & (1 << unused) - 1) !== 0) {
    throw new DERError(`Cannot read ${what}: the unused bits of its bit string are not zero`);
  }
  return { bytes, unused };
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/**
 * Reads a time in the form of RFC 5280, section 4.1.2.5: in UTC, with seconds.
 *
 * @returns Milliseconds since 1970.
 * @throws {DERError} when the element is not such a time.
 */
export function timeOf({ tag, contents }: DERElement, what: string): number {
  const text = asciiOf(contents) ?? "";
  const isShort = tag === Tag.utcTime;
  const form = isShort ? UTC_TIME : tag === Tag.generalizedTime ? GENERALIZED_TIME : null;
  const parts = form?.exec(text)?.slice(1).map(Number);
  if (parts === undefined) {
    throw new DERError(
      `Cannot read ${what}: it is not a UTCTime or GeneralizedTime in UTC with seconds`,
    );
  }
  const [written = 0, month = 0, ...rest] = parts;
  const year = !isShort ? written : written < 50 ? 2000 + written : 1900 + written;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, rest[0]);
  date.setUTCHours(rest[1] ?? 0, rest[2], rest[3]);
  // Date replaces an invalid day, such as 30 February, by another day. Comparing the digits detects
  // that.
  const digits = date.toISOString().replace(/\.000Z$/, "Z").replaceAll(/[-:T]/g, "");
  if (digits !== (isShort ? `${year}${text.slice(2)}` : text)) {
    throw new DERError(`Cannot read ${what}: the time does not exist`);
  }
  return date.getTime();
}

/** Returns bytes as ASCII text; `undefined` if a byte is not ASCII. */
export function asciiOf(bytes: Uint8Array): string | undefined {
  return bytes.every((byte) => byte < 0x80) ? latin1Of(bytes) : undefined;
}

function latin1Of(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/**
 * Returns the text of a string element; `undefined` if the element is not a string, or has bytes
 * that its type of string does not allow.
 */
export function textOf({ tag, contents }: DERElement): string | undefined {
  switch (tag) {
    case Tag.utf8String:
      return decoded(contents, "utf-8");
    case Tag.numericString:
      return /^[\d ]*$/.exec(latin1Of(contents))?.[0];
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.visibleString:
      return asciiOf(contents);
    case Tag.teletexString:
      // The standard specifies T.61, but real certificates contain Latin-1.
      return latin1Of(contents);
    case Tag.bmpString:
      return contents.length % 2 === 0 ? decoded(contents, "utf-16be") : undefined;
    default:
      return undefined;
  }
}

function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
