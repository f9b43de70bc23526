/**
 * Signals of the process, through Deno.
 *
 * @module
 */

import { checkDescriptors, FOR_SIGNALS } from "./descriptors.ts";

/**
 * Whether this process has had a signal handler. Only the first handler needs new descriptors,
 * which stay open.
 */
let listened = false;

/**
 * Reserves the descriptors for signals while some are free. Deno itself handles a signal once a
 * program has run for a second, and would abort the process without descriptors. SIGWINCH is used
 * because it has no effect by default.
 */
export function prepareSignals(): void {
  if (listened || Deno.build.os === "windows") return;
  const listener = () => {};
  try {
    listenToSignal("SIGWINCH", listener);
  } catch {
    // No descriptor is free. The error is not lost: the application's first signal handler will
    // throw the same error.
    return;
  }
  Deno.removeSignalListener("SIGWINCH", listener);
}

/**
 * Calls a listener for each signal.
 *
 * @param signal The name of the signal.
 * @param listener Called without arguments.
 * @throws {TypeError} If this system cannot deliver the signal.
 * @throws {Error} With the code `EMFILE`, if no descriptor is free. Deno would abort the process.
 */
export function listenToSignal(signal: Deno.Signal, listener: () => void): void {
  if (!listened) checkDescriptors(FOR_SIGNALS, `handle ${signal}`);
  Deno.addSignalListener(signal, listener);
  listened = true;
}
