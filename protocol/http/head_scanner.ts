import { CLASSES, REWRITTEN, TARGET, TOKEN, VALUE } from "./byte_classes.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const PERCENT = 37;
const DOT = 46;
const SLASH = 47;
const COLON = 58;
/** The first byte that a client of TLS sends. */
const TLS_HANDSHAKE = 22;
const VERSION = [..."HTTP/1."].map((character) => character.charCodeAt(0));

// The parts of a head in which the next byte belongs. Constants, because an enum would need
// TypeScript to write code, which `erasableSyntaxOnly` forbids.
const IN_START = 0;
const IN_START_LF = 1;
const IN_METHOD = 2;
const IN_TARGET = 3;
const IN_VERSION = 4;
const IN_MINOR = 5;
const IN_LINE_CR = 6;
const IN_LINE_LF = 7;
const IN_LINE = 8;
const IN_NAME = 9;
const IN_BEFORE_VALUE = 10;
const IN_VALUE = 11;
const IN_END_LF = 12;

/** The limits of a head. */
export interface HeadLimits {
  /** The maximum size of a head in bytes. */
  readonly maxHeadSize: number;
  /** The maximum number of field lines of a head. */
  readonly maxFields: number;
}

/**
 * Finds the parts of a request's head, or of field lines without a request line, and checks each
 * byte. Such lines follow a chunked body, and the status line of a response.
 *
 * It is strict by construction: line ends are CR LF, a line is never continued on the next one, and
 * nothing but a name stands before the colon of a field (RFC 9112, sections 2 to 5). It looks at
 * each byte once, however the bytes are split into chunks. All positions are counted from the first
 * byte of the head.
 */
export class HeadScanner {
  readonly #limits: HeadLimits;
  readonly #hasOnlyFields: boolean;
  /** The part in which the next byte belongs. */
  #part: number;
  /** The position of the next byte. */
  #at = 0;
  #valueEnd = 0;
  /** Four positions for each field: where its name begins and ends, and its value. */
  marks: number[] = [];
  methodStart = 0;
  methodEnd = 0;
  targetEnd = 0;
  /** Whether the target has characters that `URL` would write otherwise. */
  isRewritten = false;
  minorVersion: 0 | 1 = 1;

  /**
   * @param limits The limits.
   * @param hasOnlyFields Whether to begin with a field line instead of a request line.
   */
  constructor(limits: HeadLimits, hasOnlyFields: boolean) {
    this.#limits = limits;
    this.#hasOnlyFields = hasOnlyFields;
    this.#part = hasOnlyFields ? IN_LINE : IN_START;
  }

  /** Prepares for the next head. */
  reset(): void {
    this.#part = this.#hasOnlyFields ? IN_LINE : IN_START;
    this.#at = 0;
    this.marks = [];
    this.isRewritten = false;
  }

  /**
   * Scans the bytes that have arrived.
   *
   * @param bytes The bytes.
   * @param start The index of the first byte of the head.
   * @param offset The number of bytes before that index in the input, for errors.
   * @returns The index after the head; -1 if the head is incomplete.
   * @throws {HTTPSyntaxError} when a byte is not allowed, or a limit is exceeded.
   */
  scan(bytes: Uint8Array, start: number, offset: number): number {
    const { maxHeadSize } = this.#limits;
    const end = Math.min(bytes.length, start + maxHeadSize);
    let at = start + this.#at;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      switch (this.#part) {
        case IN_START:
          // A client may send an empty line before a request (RFC 9112, section 2.2).
          if (byte === CR) {
            this.#part = IN_START_LF;
            at++;
          } else {
            this.methodStart = at - start;
            this.#part = IN_METHOD;
          }
          break;
        case IN_START_LF:
          if (byte !== LF) this.#fail("a CR without LF", offset + at - start);
          this.#part = IN_START;
          at++;
          break;
        case IN_METHOD:
          at = skip(bytes, at, end, TOKEN);
          if (at === end) break;
          this.methodEnd = at - start;
          if (bytes[at] !== SPACE || this.methodEnd === this.methodStart) {
            const isTLS = at === start && byte === TLS_HANDSHAKE;
            const reason = isTLS ? "a TLS handshake instead of HTTP" : "an invalid method";
            this.#fail(reason, offset + at - start);
          }
          this.#part = IN_TARGET;
          at++;
          break;
        case IN_TARGET:
          at = this.#skipTarget(bytes, at, end);
          if (at === end) break;
          this.targetEnd = at - start;
          if (bytes[at] !== SPACE || this.targetEnd === this.methodEnd + 1) {
            this.#fail("an invalid request target", offset + at - start);
          }
          this.#part = IN_VERSION;
          at++;
          break;
        case IN_VERSION: {
          const expected = VERSION[at - start - this.targetEnd - 1];
          if (expected === undefined) {
            this.#part = IN_MINOR;
          } else if (byte === expected) {
            at++;
          } else {
            const isOther = expected === 0x31 && byte >= 0x30 && byte <= 0x39;
            this.#fail("an unknown version of HTTP", offset + at - start, isOther ? 505 : 400);
          }
          break;
        }
        case IN_MINOR:
          if (byte !== 0x30 && byte !== 0x31) {
            const isOther = byte >= 0x30 && byte <= 0x39;
            this.#fail("an unknown version of HTTP", offset + at - start, isOther ? 505 : 400);
          }
          this.minorVersion = byte === 0x31 ? 1 : 0;
          this.#part = IN_LINE_CR;
          at++;
          break;
        case IN_LINE_CR:
          if (byte !== CR) this.#fail("a request line that continues", offset + at - start);
          this.#part = IN_LINE_LF;
          at++;
          break;
        case IN_LINE_LF:
          if (byte !== LF) this.#fail("a CR without LF", offset + at - start);
          this.#part = IN_LINE;
          at++;
          break;
        case IN_LINE:
          if (byte === CR) {
            this.#part = IN_END_LF;
            at++;
          } else {
            this.marks.push(at - start);
            this.#part = IN_NAME;
          }
          break;
        case IN_NAME: {
          at = skip(bytes, at, end, TOKEN);
          if (at === end) break;
          const isEmpty = at - start === this.marks.at(-1);
          if (bytes[at] !== COLON || isEmpty) {
            this.#fail("an invalid field name", offset + at - start);
          }
          this.marks.push(at - start);
          this.#part = IN_BEFORE_VALUE;
          at++;
          break;
        }
        case IN_BEFORE_VALUE:
          if (byte === SPACE || byte === TAB) {
            at++;
          } else {
            this.marks.push(at - start);
            this.#valueEnd = at - start;
            this.#part = IN_VALUE;
          }
          break;
        case IN_VALUE: {
          const from = at;
          at = skip(bytes, at, end, VALUE);
          // Whitespace at the end of the value does not belong to it.
          let last = at;
          while (last > from && isBlank(bytes[last - 1])) last--;
          if (last > from) this.#valueEnd = last - start;
          if (at === end) break;
          if (bytes[at] !== CR) this.#fail("an invalid field value", offset + at - start);
          this.marks.push(this.#valueEnd);
          if (this.marks.length > this.#limits.maxFields * 4) {
            this.#fail(`more than ${this.#limits.maxFields} fields`, offset + at - start, 431);
          }
          this.#part = IN_LINE_LF;
          at++;
          break;
        }
        case IN_END_LF:
          if (byte !== LF) this.#fail("a CR without LF", offset + at - start);
          return at + 1;
      }
    }
    this.#at = at - start;
    if (this.#at < maxHeadSize) return -1;
    const isTarget = this.#part === IN_TARGET;
    const what = isTarget ? "a request target" : "a head";
    this.#fail(`${what} beyond ${maxHeadSize} bytes`, offset + this.#at, isTarget ? 414 : 431);
  }

  #skipTarget(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const kind = CLASSES[byte] ?? 0;
      if ((kind & TARGET) === 0) break;
      // A segment that begins with a dot, perhaps an encoded one, may be "." or "..".
      const mayBeDots = (byte === DOT || byte === PERCENT) && bytes[at - 1] === SLASH;
      if ((kind & REWRITTEN) !== 0 || mayBeDots) this.isRewritten = true;
    }
    return at;
  }

  #fail(reason: string, offset: number, status = 400): never {
    throw new HTTPSyntaxError(status, reason, offset);
  }
}

function skip(bytes: Uint8Array, from: number, end: number, kind: number): number {
  let at = from;
  while (at < end && ((CLASSES[bytes[at] ?? 0] ?? 0) & kind) !== 0) at++;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}
