// Byte order marks are kept: a stream may contain one anywhere.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes that a test double has collected. */
export class CollectedBytes {
  readonly #chunks: Uint8Array[] = [];
  #total = 0;

  /** The number of bytes that were added so far, including the discarded ones. */
  get total(): number {
    return this.#total;
  }

  /** Adds a copy of bytes, or a string as UTF-8. */
  add(data: Uint8Array | string): void {
    const bytes = typeof data === "string" ? encoder.encode(data) : data.slice();
    this.#chunks.push(bytes);
    this.#total += bytes.length;
  }

  /** Discards all bytes. */
  clear(): void {
    this.#chunks.length = 0;
  }

  /** Returns a copy of all bytes. */
  value(): Uint8Array {
    const bytes = new Uint8Array(this.#chunks.reduce((size, { length }) => size + length, 0));
    let filled = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
    return bytes;
  }

  /** Returns all bytes decoded as UTF-8. Invalid bytes become U+FFFD. */
  text(): string {
    return decoder.decode(this.value());
  }
}
