/**
 * Returns a promise that resolves in a later turn of the host's event loop, when all promises that
 * could continue have done so. Faked timers have no effect on it.
 */
export function nextMacrotask(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve();
  };
  port2.postMessage(null);
  return promise;
}
