// `ignoreBOM` keeps byte order marks. A line may begin in the middle of a stream, where such a mark
// is an ordinary character.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Limits of the bytes that are decoded at once. The text of a line may keep that of the other lines
 * in memory.
 */
const SMALLEST_WINDOW = 128;
const LARGEST_WINDOW = 1024;

/** Returns the text of bytes that are UTF-8. Invalid bytes become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/**
 * Lines that are decoded as text together with the lines before them. To decode and split many
 * short lines at once takes much less time than to do it one by one.
 *
 * This works for bytes that are one character each, because then the lengths in bytes are those in
 * characters. The caller decodes other lines one by one.
 */
export class LinesAhead {
  /** The number of bytes of the lines that were returned, with their delimiters. */
  used = 0;
  #lines: string[] = [];
  #next = 0;
  /** The number of bytes to decode next. It grows while all lines are used. */
  #window = SMALLEST_WINDOW;

  /** Returns the next line, if there is one and it is no longer than `maxLength`. */
  next(maxLength: number, delimiterLength: number): string | undefined {
    const line = this.#lines[this.#next];
    if (line === undefined || line.length > maxLength) return undefined;
    this.#next++;
    this.used += line.length + delimiterLength;
    return line;
  }

  /**
   * Decodes the lines at the start of the input.
   *
   * @param input The input.
   * @param delimiter The delimiter. Its characters must be ASCII.
   * @returns The number of bytes in which there are no further lines; 0 if that is not known.
   */
  decode(input: Uint8Array, delimiter: string): number {
    const bytes = input.subarray(0, this.#window);
    const text = decodeText(bytes);
    // Each character takes at least one byte. So if there are as many characters as bytes, each
    // takes exactly one.
    this.#lines = text.length === bytes.length ? text.split(delimiter) : [];
    // The last part is the beginning of a line.
    this.#lines.pop();
    this.#window = Math.min(this.#window * 2, LARGEST_WINDOW);
    return this.#lines.length === 0 || bytes.length === input.length ? bytes.length : 0;
  }

  /**
   * Forgets the lines.
   *
   * @returns The number of bytes of the lines that were used.
   */
  end(): number {
    const { used } = this;
    if (this.#next < this.#lines.length) this.#window = SMALLEST_WINDOW;
    this.#lines = [];
    this.#next = 0;
    this.used = 0;
    return used;
  }
}
