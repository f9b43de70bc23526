/**
 * The seam between a child process and what starts and watches it.
 *
 * @module
 */

import type { StreamDriver } from "../stream/stream_driver.ts";

/** A pipe to a child. */
export interface ChildPipe {
  /** The child's number for it. */
  readonly childFD: number;
  /** Whether it is written to here; if not, it is read. */
  readonly isWritable: boolean;
  /** What moves the bytes. */
  readonly driver: StreamDriver;
}

/** How a child ended: its exit code, or 128 and the number of the signal; and the signal's name, if one ended it. */
export interface ChildStatus {
  readonly code: number;
  readonly signal: string | null;
}

/** A child process that runs. */
export interface ChildDriver {
  /** The number of the process. */
  readonly pid: number;
  /** The pipes to it. */
  readonly pipes: readonly ChildPipe[];
  /** Has `exited` called when the child has exited and has been reaped. Comes first, once. */
  attach(exited: (status: ChildStatus) => void): void;
  /**
   * Sends a signal.
   *
   * @returns Whether there was a process to send it to.
   * @throws {TypeError} when this system has no such signal.
   */
  kill(signal: Deno.Signal | number): boolean;
  /** Holds this process until the child exits. */
  ref(): void;
  /** No longer holds it. */
  unref(): void;
}
