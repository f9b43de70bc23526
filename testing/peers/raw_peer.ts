/**
 * A peer that does not use this library, so that a defect cannot hide by occurring on both sides.
 *
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A peer on Deno's own socket. */
export class RawPeer {
  readonly conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** Connects to a TCP port of this host. */
  static async connect(port: number): Promise<RawPeer> {
    return new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(data: string | Uint8Array): Promise<void> {
    let left = typeof data === "string" ? encoder.encode(data) : data;
    while (left.length > 0) left = left.subarray(await this.conn.write(left));
  }

  /** Reads once. @returns The bytes; null at the end of the stream. */
  async readOnce(most = 65536): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(most);
    const count = await this.conn.read(buffer);
    return count === null ? null : buffer.subarray(0, count);
  }

  /** Reads exactly the given number of bytes. */
  async read(size: number): Promise<Uint8Array> {
    const all = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const count = await this.conn.read(all.subarray(filled));
      if (count === null) {
        throw new Error(`Cannot read ${size} bytes: the stream ended ${size - filled} bytes early`);
      }
      filled += count;
    }
    return all;
  }

  async readText(length: number): Promise<string> {
    return decoder.decode(await this.read(length));
  }

  /** Reads until the end of the stream. */
  async readAll(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = await this.readOnce();
      if (chunk === null) return concat(chunks);
      chunks.push(chunk);
    }
  }

  /** Reads until the stream ends. @returns `"end"`, or the code of the error. */
  ending(): Promise<string> {
    return endingOf(this.readAll());
  }

  close(): void {
    this.conn.close();
  }
}

/** Waits for a read to fail or complete. @returns `"end"`, or the code of the error. */
export async function endingOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
    return "end";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

/** Returns the chunks as one. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let filled = 0;
  for (const chunk of chunks) {
    all.set(chunk, filled);
    filled += chunk.length;
  }
  return all;
}

/** Returns pseudo-random bytes, so that a shifted or repeated part differs. */
export function pattern(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    // A linear congruential generator, with the constants of Numerical Recipes.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Returns whether two arrays have the same bytes. An assertion would print megabytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
