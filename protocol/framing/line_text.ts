// `ignoreBOM` keeps byte order marks. A line may begin in the middle of a stream, where such a mark
// is an ordinary character.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The number of bytes that are decoded at once. It bounds what is decoded in vain. */
const WINDOW = 2048;

/**
 * Decodes lines as UTF-8. A call of `TextDecoder` takes much longer than a short line is worth, so
 * the lines after it are decoded in the same call.
 *
 * This works for windows in which each byte is one character: then the offsets of bytes are those
 * of characters. Other lines are decoded one by one.
 */
export class LineText {
  /** The text of the window; null if it has other characters. */
  #text: string | null = null;
  /** The memory of the window. Memory that has been received is never written again. */
  #memory: ArrayBufferLike | null = null;
  #start = 0;
  #end = 0;

  /**
   * Returns the text of a line.
   *
   * @param line The bytes.
   * @param following The bytes received after it, if they are in the same memory.
   */
  decode(line: Uint8Array, following: () => Uint8Array): string {
    const { buffer, byteOffset, length } = line;
    if (length >= WINDOW / 4) return textDecoder.decode(line);
    const end = byteOffset + length;
    if (buffer !== this.#memory || byteOffset < this.#start || end > this.#end) {
      this.#move(line, following());
    }
    return this.#text === null
      ? textDecoder.decode(line)
      : this.#text.slice(byteOffset - this.#start, end - this.#start);
  }

  /** Releases the memory of the window. */
  release(): void {
    this.#memory = null;
    this.#text = null;
  }

  #move({ buffer, byteOffset, length }: Uint8Array, following: Uint8Array): void {
    const received = following.buffer === buffer
      ? following.byteOffset + following.length
      : byteOffset + length;
    const size = Math.min(received - byteOffset, WINDOW);
    const text = textDecoder.decode(new Uint8Array(buffer, byteOffset, size));
    this.#memory = buffer;
    this.#start = byteOffset;
    this.#end = byteOffset + size;
    // Each character takes at least one byte. So if there are as many characters as bytes, each
    // takes exactly one.
    this.#text = text.length === size ? text : null;
  }
}
