import { bytesOfText } from "../framing/byte_text.ts";

/** The greatest number of characters for which a loop is faster than a `TextEncoder`. */
const SHORT = 64;
const EMPTY = new Uint8Array(0);

/** Collects bytes in memory that grows. */
export class ByteWriter {
  readonly #allocation: number;
  #memory: Uint8Array<ArrayBuffer> = EMPTY;
  /** The range of the bytes that have not been taken out. */
  #start = 0;
  #end = 0;

  /** @param allocation The size of the memory that is allocated, in bytes, if it is enough. */
  constructor(allocation: number) {
    this.#allocation = allocation;
  }

  /** The number of bytes that have not been taken out. */
  get size(): number {
    return this.#end - this.#start;
  }

  /**
   * Takes out the bytes.
   *
   * @returns A view. Its memory is never written again.
   */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#memory.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return taken;
  }

  /** Removes the bytes that were written after `size` bytes. */
  truncate(size: number): void {
    this.#end = this.#start + size;
  }

  /** Writes a type, an integer and a line end: a header, or an integer. */
  header(type: number, count: number): void {
    const memory = this.#reserve(24);
    memory[this.#end++] = type;
    if (count >= 0 && count < 10) memory[this.#end++] = 0x30 + count;
    else this.#ascii(memory, String(count));
    this.#lineEnd(memory);
  }

  /** Writes a type, a text and a line end. */
  line(type: number, text: string): void {
    if (text.length <= SHORT) {
      const memory = this.#reserve(text.length + 3);
      const start = this.#end;
      memory[this.#end++] = type;
      if (this.#ascii(memory, text)) return this.#lineEnd(memory);
      this.#end = start;
    }
    const bytes = bytesOfText(text);
    const memory = this.#reserve(bytes.length + 3);
    memory[this.#end++] = type;
    memory.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#lineEnd(memory);
  }

  /** Writes a string with its type and length in front. */
  bulk(type: number, data: Uint8Array | string): void {
    if (typeof data !== "string") return this.#bulkBytes(type, data);
    if (data.length <= SHORT) {
      const { size } = this;
      this.header(type, data.length);
      const memory = this.#reserve(data.length + 2);
      if (this.#ascii(memory, data)) return this.#lineEnd(memory);
      this.truncate(size);
    }
    this.#bulkBytes(type, bytesOfText(data));
  }

  #bulkBytes(type: number, bytes: Uint8Array): void {
    this.header(type, bytes.length);
    const memory = this.#reserve(bytes.length + 2);
    memory.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#lineEnd(memory);
  }

  /** Writes characters, if they are ASCII. Returns whether they are. */
  #ascii(memory: Uint8Array, text: string): boolean {
    let end = this.#end;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      memory[end++] = code;
    }
    this.#end = end;
    return true;
  }

  #lineEnd(memory: Uint8Array): void {
    memory[this.#end++] = 0x0d;
    memory[this.#end++] = 0x0a;
  }

  /** Returns memory with room for `count` bytes at the end. */
  #reserve(count: number): Uint8Array<ArrayBuffer> {
    if (this.#end + count <= this.#memory.length) return this.#memory;
    const { size } = this;
    const memory = new Uint8Array(Math.max(this.#allocation, 2 * size + count));
    memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#memory = memory;
    this.#start = 0;
    this.#end = size;
    return memory;
  }
}
