/**
 * Errors that the operating system raises when a resource is exhausted.
 *
 * @module
 */

// The codes for exhausted descriptors (of the process and of the system), buffers, memory and
// processes, and for a connection that closed before it was accepted. All of them are expected
// under load, and the message alone explains them.
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
