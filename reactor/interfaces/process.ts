/**
 * Child processes.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConsumer } from "./producer.ts";
import type { ConnectionOptions } from "./stream.ts";
import type { TransportStats, WriteOptions } from "./transport.ts";

/**
 * The target of one of the child's file descriptors: `"r"` for a pipe that this process reads,
 * `"w"` for a pipe that this process writes to, or the number of a descriptor of this process that
 * the child inherits.
 */
export type ChildFD = "r" | "w" | number;

/** Options of {@linkcode IReactorProcess.spawnProcess}. */
export interface SpawnProcessOptions
  extends Pick<ConnectionOptions, "writeBufferHighWater" | "writeBufferLimit"> {
  /**
   * The command-line arguments, without the program's name. In Twisted this list begins with the
   * program's name. Deno cannot pass a name that differs from that of the executable.
   *
   * @default {[]}
   */
  args?: readonly string[] | undefined;
  /**
   * The complete environment of the child. As in Twisted, the child does not inherit variables of
   * this process by default. `null` passes on all variables of this process, for which Deno needs
   * no permission. An executable without a slash is looked up in the `PATH` of the child's
   * environment or, if the child has no `PATH`, in that of this process.
   *
   * @default {{}}
   */
  env?: Readonly<Record<string, string>> | null | undefined;
  /**
   * The child's working directory.
   *
   * @default {undefined} The working directory of this process.
   */
  path?: string | undefined;
  /** The id of the user that the child runs as. Setting it requires the system privilege. */
  uid?: number | undefined;
  /** The id of the group that the child runs as. Setting it requires the system privilege. */
  gid?: number | undefined;
  /**
   * Whether the child runs in a pseudo-terminal. Deno does not support that: `true` throws an
   * `UnsupportedError`.
   *
   * @default {false}
   */
  usePTY?: boolean | undefined;
  /**
   * The child's file descriptors, by their numbers in the child. Deno supports 0, 1 and 2, with a
   * pipe only in the default direction. A descriptor without an entry is `/dev/null`; Twisted
   * closes it. Any other mapping throws an `UnsupportedError`. Deno clears the flag O_NONBLOCK of a
   * descriptor that is passed by its number, also for this process and for others that share it.
   *
   * @default {{ 0: "w", 1: "r", 2: "r" }}
   */
  childFDs?: Readonly<Record<number, ChildFD>> | undefined;
}

/** A signal for a child process: its name, with or without `SIG`, or its number. */
export type ProcessSignal = "HUP" | "STOP" | "INT" | "KILL" | "TERM" | Deno.Signal | number;

/**
 * The transport of a process protocol. Twisted's `IProcessTransport`. As a consumer, it is the
 * child's standard input.
 */
export interface IProcessTransport extends IConsumer {
  /**
   * Returns the counters of all pipes to the child together. `receivingPaused` concerns the child's
   * output, and `producerPaused` its standard input.
   */
  stats(): TransportStats;
  /** The process id of the child; `null` after the child has exited. */
  readonly pid: number | null;
  /** Writes to the child's standard input. Does nothing if that is closed or is not a pipe. */
  write(data: Uint8Array | string, options?: WriteOptions): void;
  /** Writes several chunks to the child's standard input, in order. */
  writeSequence(data: Iterable<Uint8Array | string>): void;
  /**
   * Writes to one of the child's descriptors. Does nothing if that descriptor is closed; Twisted
   * throws an error then.
   *
   * @throws {RangeError} If the descriptor was never a pipe that this process writes to.
   */
  writeToChild(childFD: number, data: Uint8Array | string): void;
  /**
   * Closes the child's standard input after the pending data has been written. The pipe stays open
   * while the child does not read that data.
   */
  closeStdin(): void;
  /**
   * Closes this end of the child's standard output. The protocol receives no more of it, and a
   * child that continues to write gets SIGPIPE.
   */
  closeStdout(): void;
  /** Closes this end of the child's standard error, as {@linkcode closeStdout} does. */
  closeStderr(): void;
  /**
   * Closes this end of one of the child's descriptors, as {@linkcode closeStdin} and its kin do.
   */
  closeChildFD(childFD: number): void;
  /**
   * Closes this end of all three descriptors. The child continues to run unless it exits at the end
   * of its input; {@linkcode signalProcess} can terminate it.
   */
  loseConnection(): void;
  /**
   * Sends a signal to the child.
   *
   * @throws {ProcessExitedAlready} If the child has exited.
   * @throws {TypeError} If this operating system does not have the signal.
   */
  signalProcess(signal: ProcessSignal): void;
  /** Stops reading from all pipes, so that the child blocks when a pipe is full. */
  pauseProducing(): void;
  /** Resumes reading from all pipes. */
  resumeProducing(): void;
  /**
   * Does the same as {@linkcode loseConnection}. A consumer calls it when it needs no more data.
   */
  stopProducing(): void;
  /** Returns the address of the child: its program and process id. Twisted has no equivalent. */
  getPeer(): Address;
  /** Returns the same address as {@linkcode getPeer}, because a pipe has no address of its own. */
  getHost(): Address;
}

/**
 * A protocol that receives the events of a child process. Twisted's `IProcessProtocol`.
 *
 * `processExited` is called when the child has exited, even if its pipes are still open.
 * `processEnded` is called when the child has exited, its pipes are closed and all of its output
 * has been delivered. Each is called exactly once, and `processEnded` is the last call.
 */
export interface IProcessProtocol {
  /** Called with the transport of the new process, before `spawnProcess` returns. */
  makeConnection(process: IProcessTransport): void;
  /**
   * Called with output of the child.
   *
   * @param childFD The child's number of the descriptor.
   * @param data The bytes. The memory belongs to the protocol. Chunk sizes do not correspond to the
   *   child's writes.
   */
  childDataReceived(childFD: number, data: Uint8Array): void;
  /**
   * Called when a pipe has been closed, by either side.
   *
   * @param childFD The child's number of the descriptor.
   * @param reason `ConnectionDone` if the pipe was closed without an error, and otherwise the
   *   error. Twisted does not pass a reason.
   */
  childConnectionLost(childFD: number, reason: Error): void;
  /**
   * Called when the child has exited.
   *
   * @param reason `ProcessDone` for exit code 0, and otherwise `ProcessTerminated`.
   */
  processExited(reason: Error): void;
  /**
   * Called when the child has exited and all of its pipes are closed.
   *
   * @param reason `ProcessDone` for exit code 0, and otherwise `ProcessTerminated`.
   */
  processEnded(reason: Error): void;
  /** Returns the name under which the child's events are logged. */
  logPrefix?(): string;
}

/** Child processes on a reactor. Twisted's `IReactorProcess`. */
export interface IReactorProcess {
  /**
   * Starts a program. The child runs when this method returns; the protocol receives its events
   * while the reactor runs.
   *
   * When the reactor stops, it closes its ends of the pipes and does not terminate the child, as in
   * Twisted. A `before shutdown` trigger can terminate a child that should not outlive the reactor.
   *
   * Two limitations of Deno: the protocol learns that the child has closed its standard input only
   * from the next write or from the child's exit. And a write that the child does not read cannot
   * be cancelled: this process stays alive until the child reads it or exits.
   *
   * @param processProtocol The protocol that receives the events of the child.
   * @param executable The program: a path, or a name that is looked up in `PATH`.
   * @param options Arguments, environment, working directory and descriptors of the child.
   * @returns The transport of the child, with which the protocol's `makeConnection` has been
   *   called.
   * @throws {SpawnError} If the program cannot be started: it does not exist or is not executable,
   *   or a permission is missing.
   * @throws {UnsupportedError} If an option requires a feature that Deno does not have.
   *
   * @example
   * ```ts no-eval
   * import { ProcessProtocol, reactor } from "@torsion/reactor";
   *
   * class Sorter extends ProcessProtocol {
   *   override connectionMade() {
   *     this.transport.write("pear\napple\n");
   *     this.transport.closeStdin();
   *   }
   *   override outReceived(data: Uint8Array) {
   *     console.log(new TextDecoder().decode(data));
   *   }
   *   override processEnded(reason: Error) {
   *     console.log(reason.message); // Process sort (1234) exited with code 0
   *     reactor.stop();
   *   }
   * }
   *
   * reactor.spawnProcess(new Sorter(), "sort");
   * await reactor.run();
   * ```
   */
  spawnProcess(
    processProtocol: IProcessProtocol,
    executable: string,
    options?: SpawnProcessOptions,
  ): IProcessTransport;
}
