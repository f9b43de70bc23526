// The function of the time when this module is loaded: faked timers have no effect on it.
const { setImmediate } = globalThis;

/**
 * Returns a promise that resolves in a later turn of the host's event loop: when all promises that
 * can continue have done so, and input that has arrived has been delivered.
 */
export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
