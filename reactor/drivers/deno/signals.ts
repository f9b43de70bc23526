/**
 * Process signals, by Deno.
 *
 * @module
 */

import { checkDescriptors, FOR_SIGNALS } from "./descriptors.ts";

/**
 * Whether this process has handled a signal. Only the first handler takes descriptors, and they
 * stay.
 */
let listened = false;

/**
 * Takes the descriptors for signals while some are free. Deno itself handles a signal in a program
 * that has run for a second, and would end the process without them. The signal used here does
 * nothing by default.
 */
export function prepareSignals(): void {
  if (listened || Deno.build.os === "windows") return;
  const listener = () => {};
  try {
    listenToSignal("SIGWINCH", listener);
  } catch {
    // None is left. The first handler of the program throws the same error.
    return;
  }
  Deno.removeSignalListener("SIGWINCH", listener);
}

/**
 * Calls `listener` at each `signal`.
 *
 * @throws {TypeError} when this system cannot deliver the signal.
 * @throws {Error} with the code `EMFILE` when no descriptor is left for it: Deno would end the
 *   process.
 */
export function listenToSignal(signal: Deno.Signal, listener: () => void): void {
  if (!listened) checkDescriptors(FOR_SIGNALS, `handle ${signal}`);
  Deno.addSignalListener(signal, listener);
  listened = true;
}
