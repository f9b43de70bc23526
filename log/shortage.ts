/**
 * Errors that the operating system raises when a resource is exhausted.
 *
 * @module
 */

// Codes for a lack of descriptors (in the process or the system), buffers, memory or processes, and
// for a connection that closed before it was accepted. These errors are expected under load, and
// their message is enough to explain them.
const CODES: ReadonlySet<unknown> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "EAGAIN",
  "ECONNABORTED",
]);

/**
 * Returns whether `error` says that a resource is exhausted. Such an error is logged without its
 * stack.
 */
export function isShortage(error: Error): boolean {
  return "code" in error && CODES.has(error.code);
}
