import { atOnce } from "./foreign.ts";

/** Where lines can be written at once: `Deno.stdout`, `Deno.stderr`, an open `Deno.FsFile`. */
export interface SyncWriter {
  /** Writes bytes from the beginning of `data` and returns how many were written: at least one. */
  writeSync(data: Uint8Array): number;
}

const encoder = new TextEncoder();

/**
 * Writes all of `text`, however little the writer takes at a time.
 *
 * @throws {Error} When the writer takes nothing at all.
 */
export function writeText(writer: SyncWriter, text: string): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) {
    const written = atOnce("writeSync()", writer.writeSync(rest));
    if (!(written > 0)) {
      throw new Error(`The log's writer took ${written} of ${rest.length} bytes`);
    }
    rest = rest.subarray(written);
  }
}
