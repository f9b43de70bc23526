/**
 * Errors that a system raises when it runs short of a resource.
 *
 * @module
 */

// Descriptors of the process and of the system, buffers, memory, processes; and a connection that ended before it was accepted. All are
// expected under load, and their message says everything.
const CODES: ReadonlySet<unknown> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "EAGAIN",
  "ECONNABORTED",
]);

/** Returns whether the system raised `error` for want of a resource. Such an error is logged without its stack. */
export function isShortage(error: Error): boolean {
  return "code" in error && CODES.has(error.code);
}
