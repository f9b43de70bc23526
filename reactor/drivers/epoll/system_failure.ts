/**
 * The error of a failed system call.
 *
 * @module
 */

// Names that node's table does not have: unix(7) reports too many file descriptors on their way.
const FURTHER_NAMES: ReadonlyMap<number, string> = new Map([[109, "ETOOMANYREFS"]]);

/** A failed system call. */
export class SystemFailure extends Error {
  override readonly name = "SystemFailure";
  /** The name of the error: `ECONNREFUSED`. */
  readonly code: string;
  /** The name of the function that has failed. */
  readonly syscall: string;

  /**
   * Creates the error.
   *
   * @param syscall The name of the function that has failed.
   * @param errno The number of the error.
   * @param text The system's description of the error.
   */
  constructor(syscall: string, errno: number, text: string) {
    // node's table has the names of nearly all errors. It is loaded with the first failure.
    const { getSystemErrorName } = globalThis.process.getBuiltinModule("node:util");
    const code = getSystemErrorName(-errno) ?? FURTHER_NAMES.get(errno) ?? `errno ${errno}`;
    super(`${text} (${code})`);
    this.code = code;
    this.syscall = syscall;
  }
}
