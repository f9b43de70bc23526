import { atOnce, codeOf } from "../internal/foreign_value.ts";

/** A synchronous writer: `Deno.stdout`, `Deno.stderr`, an open `Deno.FsFile`. */
export interface SyncWriter {
  /** Writes bytes from the start of `data`, at least one, and returns their number. */
  writeSync(data: Uint8Array): number;
}

const encoder = new TextEncoder();

/**
 * Milliseconds before a retry of a writer that is not ready, and the most retries without progress.
 */
const PAUSE_MS = 2;
const MAX_PAUSES = 500;

/**
 * Writes all of a text, in as many calls as the writer needs.
 *
 * Another process that shares standard output may have made it non-blocking. This function then
 * waits until it is ready, for a second at most.
 *
 * @param writer The writer.
 * @param text The text.
 * @param pause Waits for a number of milliseconds.
 * @throws {Error} If the writer writes no byte. An error that it throws is thrown as it is.
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
        throw new Error(
          "Cannot write the log: " +
            `writeSync() must return the number of bytes that it wrote, at least 1, got ${written}`,
        );
      }
      rest = rest.subarray(written);
      pauses = 0;
    } catch (error) {
      if (codeOf(error) !== "EAGAIN" || pauses === MAX_PAUSES) throw error;
      pauses++;
      pause(PAUSE_MS);
    }
  }
}

/**
 * Blocks the thread: a line must be complete before the next one starts, so a timer cannot serve.
 */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
