/**
 * The end of the process.
 *
 * @module
 */

/** Ends the process, with that exit status, whatever is still open. */
export function exitProcess(code: number): void {
  Deno.exit(code);
}
