/**
 * Has `f` called in a later turn of the host's event loop, so that timers, sockets and files get
 * theirs in between. The call to come keeps the process alive.
 *
 * It is a timer, looked up at each use: whoever fakes the host's timers drives it. Its millisecond is
 * the least that Deno's timers take anyway, and lets a faked clock get ahead.
 */
export function afterMacrotask(f: () => void): { cancel(): void } {
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(f, 1);
  return { cancel: () => clearTimeout(timer) };
}
