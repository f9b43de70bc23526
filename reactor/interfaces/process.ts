/**
 * Child processes on a reactor.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConsumer } from "./producer.ts";
import type { ConnectionOptions } from "./stream.ts";

/**
 * What one of a child's descriptors is: `"r"` for a pipe that is read here, `"w"` for one that is written to here, a number for a
 * descriptor of this process that the child gets.
 */
export type ChildFD = "r" | "w" | number;

/** How a child process is started. */
export interface SpawnProcessOptions
  extends Pick<ConnectionOptions, "writeBufferHighWater" | "writeBufferLimit"> {
  /**
   * What follows the program's name on its command line. In Twisted the name comes first in this list, and is easily forgotten; a name
   * other than the executable's cannot be had in Deno.
   *
   * @default {[]}
   */
  args?: readonly string[] | undefined;
  /**
   * The child's whole environment: as in Twisted, nothing of this process's is in it unless you put it there. `null` passes on all of this
   * process's, which Deno asks no permission for. Which program `"ls"` is, is looked up in the `PATH` of the child's environment, or where
   * there is none, in this process's.
   *
   * @default {{}}
   */
  env?: Readonly<Record<string, string>> | null | undefined;
  /** The folder in which the child starts: this process's, unless one is given. */
  path?: string | undefined;
  /** The user that the child is, by number. Needs the right to. */
  uid?: number | undefined;
  /** The group that the child is in, by number. Needs the right to. */
  gid?: number | undefined;
  /**
   * Whether the child gets a terminal. Deno has none to give: `true` is an `UnsupportedError`.
   *
   * @default {false}
   */
  usePTY?: boolean | undefined;
  /**
   * The child's descriptors, by the child's numbers. Deno has those three: pipes go that way only, and one that is left out is
   * `/dev/null`, where Twisted closes it. Any other is an `UnsupportedError`.
   *
   * @default {{ 0: "w", 1: "r", 2: "r" }}
   */
  childFDs?: Readonly<Record<number, ChildFD>> | undefined;
}

/** A signal for a child: its name, with or without `SIG`, or its number. */
export type ProcessSignal = "HUP" | "STOP" | "INT" | "KILL" | "TERM" | Deno.Signal | number;

/** A child process, as its protocol sees it. Twisted's `IProcessTransport`. As a consumer, it is the child's standard input. */
export interface IProcessTransport extends IConsumer {
  /** The number of the process; `null` once it has exited. */
  readonly pid: number | null;
  /** Writes to the child's standard input. When that is closed, or is no pipe, this does nothing. */
  write(data: Uint8Array | string): void;
  /** Writes several pieces to the child's standard input, as if one after the other. */
  writeSequence(data: Iterable<Uint8Array | string>): void;
  /**
   * Writes to one of the child's descriptors. When that is closed, this does nothing; in Twisted it throws, whichever came first.
   *
   * @throws {RangeError} when that was never a pipe to write to.
   */
  writeToChild(childFD: number, data: Uint8Array | string): void;
  /** Closes the child's standard input, once all that was written has gone out. A child that does not read it holds that up. */
  closeStdin(): void;
  /** Closes this end of the child's standard output: nothing more is received, and a child that writes on gets SIGPIPE. */
  closeStdout(): void;
  /** Closes this end of the child's standard error. */
  closeStderr(): void;
  /** Closes this end of one of the child's descriptors, as {@linkcode closeStdin} and its kin do. */
  closeChildFD(childFD: number): void;
  /** Closes all three. It does not end the child: most programs end when their input does, others want a {@linkcode signalProcess}. */
  loseConnection(): void;
  /**
   * Sends a signal.
   *
   * @throws {ProcessExitedAlready} when the child has exited.
   * @throws {TypeError} when this system has no such signal.
   */
  signalProcess(signal: ProcessSignal): void;
  /** Stops receiving from all pipes, so that the child is held up when it writes. */
  pauseProducing(): void;
  /** Receives again. */
  resumeProducing(): void;
  /** {@linkcode loseConnection}: nobody reads the child any more. */
  stopProducing(): void;
  /** The child: what it runs and its number. Twisted has no addresses here. */
  getPeer(): Address;
  /** The same: a pipe has no end of its own name. */
  getHost(): Address;
}

/**
 * What happens to a child process. Twisted's `IProcessProtocol`.
 *
 * `processExited` comes when the child has exited, be there more to read of it or not. `processEnded` comes when it has, and all its pipes
 * are closed: all that it wrote has been delivered. Each comes exactly once, and `processEnded` is the last call.
 */
export interface IProcessProtocol {
  /** Called by the reactor with the new process, from within `spawnProcess`. */
  makeConnection(process: IProcessTransport): void;
  /** The child wrote something. The chunk is the protocol's to keep; its size says nothing about what the child wrote at once. */
  childDataReceived(childFD: number, data: Uint8Array): void;
  /**
   * A pipe has been closed, by either side.
   *
   * @param childFD The child's number for it.
   * @param reason `ConnectionDone` for an end in order, else what went wrong. Twisted does not tell.
   */
  childConnectionLost(childFD: number, reason: Error): void;
  /** The child has exited. */
  processExited(reason: Error): void;
  /**
   * The child has exited, and all its pipes are closed.
   *
   * @param reason `ProcessDone` for exit code 0, else `ProcessTerminated`.
   */
  processEnded(reason: Error): void;
  /** The name under which the child's events are logged. */
  logPrefix?(): string;
}

/** Child processes on a reactor. Twisted's `IReactorProcess`. */
export interface IReactorProcess {
  /**
   * Starts a program. It runs when this returns; what happens to it is told while the reactor runs.
   *
   * When the reactor stops, it closes its ends of the pipes and leaves the child to itself, as in Twisted: a child that should not outlive
   * it is ended by a trigger before `shutdown`. Two things cannot be had in Deno. That a child has closed its standard input is
   * noticed by the next write to it, or by the child's exit, which closes that pipe. And a write that a child does not read cannot be
   * taken back: it holds this process until the child reads or ends.
   *
   * @param processProtocol What is told of it.
   * @param executable The program: a path, or a name that is looked up in `PATH`.
   * @returns The child's transport, which the protocol has been given.
   * @throws {SpawnError} when the program cannot be started: it is not there, or this process may not run it.
   * @throws {UnsupportedError} for what Deno cannot do.
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
   *     console.log(reason.message); // Process sort (1234) ended with exit code 0
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
