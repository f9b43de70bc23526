/**
 * Calls `f` in a later turn of the host's event loop, so that timers, sockets and files are served
 * before. The pending call keeps the process alive.
 *
 * It uses the host's timers, looked up at each call, so that fake timers control it. The delay is
 * one millisecond: Deno's timers take at least that long, and a faked clock must advance.
 */
export function afterMacrotask(f: () => void): { cancel(): void } {
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(f, 1);
  return { cancel: () => clearTimeout(timer) };
}
