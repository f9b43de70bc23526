// `ignoreBOM` keeps byte order marks. A line may begin in the middle of a stream, where such a mark
// is an ordinary character.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Limits of the bytes that are decoded at once. The text of a line may keep that of the other lines
 * in memory.
 */
const SMALLEST_WINDOW = 128;
const LARGEST_WINDOW = 2048;
/** Where the two parts of the input are joined, because decoding twice would take longer. */
const joined = new Uint8Array(LARGEST_WINDOW);

/** Returns the text of bytes that are UTF-8. Invalid bytes become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/**
 * Lines that are decoded as text together with the lines before them. Decoding many short lines at
 * once takes much less time than decoding them one by one.
 *
 * This works for bytes that are one character each, because then the lengths in bytes are those in
 * characters. The caller decodes other lines one by one.
 */
export class LinesAhead {
  #text = "";
  /** The end of the lines that were returned, with their delimiters. */
  #start = 0;
  /** The end of the next line; -1 if the text has no further line. */
  #end = -1;
  /** The number of bytes to decode next. It grows while all lines are used. */
  #window = SMALLEST_WINDOW;

  /** The number of bytes of the lines that were returned, with their delimiters. */
  get used(): number {
    return this.#start;
  }

  /** Returns the next line, if there is one and it is no longer than `maxLength`. */
  next(maxLength: number, delimiter: string): string | undefined {
    const start = this.#start;
    const end = this.#end;
    if (end < 0 || end - start > maxLength) return undefined;
    this.#start = end + delimiter.length;
    this.#end = this.#text.indexOf(delimiter, this.#start);
    return this.#text.slice(start, end);
  }

  /**
   * Decodes the lines at the start of the input.
   *
   * @param head The first part of the input.
   * @param tail The second part.
   * @param delimiter The delimiter. Its characters must be ASCII.
   * @returns The number of bytes in which there are no further lines; 0 if that is not known.
   */
  decode(head: Uint8Array, tail: Uint8Array, delimiter: string): number {
    const bytes = this.#joined(head, tail);
    const text = decodeText(bytes);
    const { length } = bytes;
    // Each character takes at least one byte. So if there are as many characters as bytes, each
    // takes exactly one.
    this.#text = text.length === length ? text : "";
    this.#start = 0;
    this.#end = this.#text.indexOf(delimiter);
    this.#window = Math.min(this.#window * 2, LARGEST_WINDOW);
    return this.#end < 0 || length === head.length + tail.length ? length : 0;
  }

  /** Returns the bytes to decode: the first ones of the input, up to the size of the window. */
  #joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
    const size = this.#window;
    if (head.length >= size || tail.length === 0) return head.subarray(0, size);
    const rest = tail.subarray(0, size - head.length);
    joined.set(head);
    joined.set(rest, head.length);
    return joined.subarray(0, head.length + rest.length);
  }

  /**
   * Forgets the lines.
   *
   * @returns The number of bytes of the lines that were used.
   */
  end(): number {
    const used = this.#start;
    if (this.#end >= 0) this.#window = SMALLEST_WINDOW;
    this.#text = "";
    this.#start = 0;
    this.#end = -1;
    return used;
  }
}
