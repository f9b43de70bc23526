/**
 * Errors that no code catches, while a simulation runs.
 *
 * @module
 */

/**
 * Watches for promises that reject without a handler, and for errors that no code catches. They
 * would end the process, and with it the search for further failures.
 *
 * @param report Called with a description of the failure and with the error.
 * @returns A disposable that ends the watch.
 */
export function watchUncaughtErrors(report: (what: string, error: unknown) => void): Disposable {
  const rejected = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    report("a promise was rejected without a handler", event.reason);
  };
  const thrown = (event: ErrorEvent) => {
    event.preventDefault();
    report("an error was not caught", event.error);
  };
  globalThis.addEventListener("unhandledrejection", rejected);
  globalThis.addEventListener("error", thrown);
  return {
    [Symbol.dispose]: () => {
      globalThis.removeEventListener("unhandledrejection", rejected);
      globalThis.removeEventListener("error", thrown);
    },
  };
}
