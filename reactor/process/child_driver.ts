/**
 * The interface between a child process and the driver that starts and watches it.
 *
 * @module
 */

import type { StreamDriver } from "../stream/stream_driver.ts";

/** A pipe to a child process. */
export interface ChildPipe {
  /** The number of the file descriptor in the child. */
  readonly childFD: number;
  /** Whether this process writes to the pipe; otherwise it reads. */
  readonly isWritable: boolean;
  /** The driver that moves the bytes. */
  readonly driver: StreamDriver;
}

/**
 * The exit status of a child: its exit code, or 128 plus the signal number, and the name of the
 * signal that ended it.
 */
export interface ChildStatus {
  readonly code: number;
  readonly signal: string | null;
}

/** A running child process. */
export interface ChildDriver {
  /** The process id. */
  readonly pid: number;
  /** The pipes to the child. */
  readonly pipes: readonly ChildPipe[];
  /**
   * Sets the function that is called when the child has exited and has been reaped. Called first,
   * once.
   */
  attach(exited: (status: ChildStatus) => void): void;
  /**
   * Sends a signal.
   *
   * @param signal The name or the number of the signal.
   * @returns Whether the process still existed.
   * @throws {TypeError} when this system does not have the signal.
   */
  kill(signal: Deno.Signal | number): boolean;
  /** Keeps this process alive until the child exits. */
  ref(): void;
  /** Lets this process end before the child exits. */
  unref(): void;
}
