import { atOnce, isError, read } from "../internal/foreign_value.ts";

/** Where lines can be written at once: `Deno.stdout`, `Deno.stderr`, an open `Deno.FsFile`. */
export interface SyncWriter {
  /** Writes bytes from the beginning of `data` and returns how many were written: at least one. */
  writeSync(data: Uint8Array): number;
}

const encoder = new TextEncoder();

/** Milliseconds until a writer that was not ready is tried again, and how often without progress. */
const PAUSE_MS = 2;
const MAX_PAUSES = 500;

/**
 * Writes all of `text`, however little the writer takes at a time.
 *
 * Whoever shares standard output may have made it non-blocking: then it is waited for, for a second
 * at most. A blocking one would wait, too, and for as long as its reader takes.
 *
 * @param writer The writer.
 * @param text The text.
 * @param pause Waits for some milliseconds.
 * @throws {Error} When the writer takes nothing at all, and what it throws.
 */
export function writeText(
  writer: SyncWriter,
  text: string,
  pause: (milliseconds: number) => void = block,
): void {
  let rest = encoder.encode(text);
  let pauses = 0;
  while (rest.length > 0) {
    try {
      const written = atOnce("writeSync()", writer.writeSync(rest));
      if (!(written > 0)) {
        throw new Error(`The log's writer took ${written} of ${rest.length} bytes`);
      }
      rest = rest.subarray(written);
      pauses = 0;
    } catch (error) {
      if (!isNotReady(error) || pauses === MAX_PAUSES) throw error;
      pauses++;
      pause(PAUSE_MS);
    }
  }
}

function isNotReady(error: unknown): boolean {
  return isError(error) && read(error, "code") === "EAGAIN";
}

/** A line that was begun must be ended before the next one: so no timer will do. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
