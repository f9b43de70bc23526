/**
 * Pipes that were made by libc, unknown to Deno.
 *
 * @module
 */

import { closeDescriptor } from "./foreign_socket.ts";

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
});
const O_CLOEXEC = 0o2000000;
const MOST_BYTES = 1000;

/** A pipe, by its two descriptors. */
export class Pipe implements Disposable {
  readonly reader: number;
  readonly writer: number;
  #isWriterOpen = true;
  #isReaderOpen = true;

  constructor() {
    const ends = new Int32Array(2);
    if (libc.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) < 0) throw new Error("pipe2 failed");
    [this.reader = -1, this.writer = -1] = ends;
  }

  closeWriter(): void {
    if (this.#isWriterOpen) closeDescriptor(this.writer);
    this.#isWriterOpen = false;
  }

  /** Waits for text, and closes the reading end. */
  read(): string {
    this.#isReaderOpen = false;
    return readDescriptor(this.reader);
  }

  [Symbol.dispose](): void {
    this.closeWriter();
    if (this.#isReaderOpen) closeDescriptor(this.reader);
  }
}

/** Waits for text from a descriptor, and closes the descriptor. */
export function readDescriptor(descriptor: number): string {
  const bytes = new Uint8Array(MOST_BYTES);
  const count = Number(libc.read(descriptor, bytes, BigInt(bytes.length)));
  closeDescriptor(descriptor);
  return new TextDecoder().decode(bytes.subarray(0, count));
}
