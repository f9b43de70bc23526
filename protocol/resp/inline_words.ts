/**
 * The words of an inline command, as `redis-server` splits it: `sdssplitargs` of its `sds.c`.
 *
 * @module
 */

const BACKSLASH = 0x5c;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
  [0x62, 0x08], // b
  [0x61, 0x07], // a
]);

/** The words of a line, one after the other, and the bounds of each of them. */
export interface InlineWords {
  readonly bytes: Uint8Array;
  readonly bounds: number[];
}

/**
 * Splits a line into words.
 *
 * Words are separated by white space. In double quotes, `\n`, `\r`, `\t`, `\b`, `\a` and `\xHH` are
 * bytes, and a backslash keeps every other byte. In single quotes, only `\'` is an escape. A
 * closing quote must be followed by white space. As in Redis, a zero byte ends the line.
 *
 * @returns The words; `null` if the quotes are not balanced.
 */
export function splitInlineWords(line: Uint8Array): InlineWords | null {
  const zero = line.indexOf(0);
  return new InlineSplitter(zero < 0 ? line : line.subarray(0, zero)).split();
}

class InlineSplitter {
  readonly #line: Uint8Array;
  /** The bytes of the words: never more than those of the line. */
  readonly #bytes: Uint8Array;
  #length = 0;
  #at = 0;

  constructor(line: Uint8Array) {
    this.#line = line;
    this.#bytes = new Uint8Array(line.length);
  }

  split(): InlineWords | null {
    const bounds: number[] = [];
    for (;;) {
      while (isSpace(this.#line[this.#at])) this.#at++;
      if (this.#at >= this.#line.length) return { bytes: this.#bytes, bounds };
      const start = this.#length;
      if (!this.#word()) return null;
      bounds.push(start, this.#length);
    }
  }

  /** Reads a word. Returns whether its quotes are balanced. */
  #word(): boolean {
    for (let byte = this.#line[this.#at]; byte !== undefined; byte = this.#line[this.#at]) {
      if (isSpace(byte)) return true;
      this.#at++;
      if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) return this.#quoted(byte);
      this.#add(byte);
    }
    return true;
  }

  /** Reads up to a closing quote, which ends the word. Returns whether there is one. */
  #quoted(quote: number): boolean {
    for (let byte = this.#line[this.#at]; byte !== undefined; byte = this.#line[this.#at]) {
      this.#at++;
      if (byte === quote) {
        const next = this.#line[this.#at];
        return next === undefined || isSpace(next);
      }
      if (byte !== BACKSLASH) this.#add(byte);
      else if (quote === DOUBLE_QUOTE) this.#escape();
      else this.#singleEscape();
    }
    return false;
  }

  /** Reads what follows a backslash in double quotes. */
  #escape(): void {
    const next = this.#line[this.#at];
    const hex = next === 0x78 ? this.#hexAt(this.#at + 1) : null;
    if (next === undefined) {
      this.#add(BACKSLASH);
    } else if (hex === null) {
      this.#at++;
      this.#add(ESCAPES.get(next) ?? next);
    } else {
      this.#at += 3;
      this.#add(hex);
    }
  }

  /** Reads what follows a backslash in single quotes. */
  #singleEscape(): void {
    if (this.#line[this.#at] !== SINGLE_QUOTE) return this.#add(BACKSLASH);
    this.#at++;
    this.#add(SINGLE_QUOTE);
  }

  #hexAt(index: number): number | null {
    const high = hexDigit(this.#line[index]);
    const low = hexDigit(this.#line[index + 1]);
    return high === null || low === null ? null : high * 16 + low;
  }

  #add(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }
}

/** Returns whether a byte is white space, according to C's `isspace`. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function hexDigit(byte: number | undefined): number | null {
  const digit = byte === undefined ? NaN : Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? null : digit;
}
