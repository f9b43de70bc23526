/**
 * A child process and its pipes. Twisted's `process.Process`.
 *
 * Each pipe is a {@linkcode Connection} of its own, so that writing, producers, pausing and closing
 * work as on every other transport. This class adds the order of events at the end: the exit and
 * the closes of the pipes are reported as they happen, and `processEnded` after all of them.
 *
 * @module
 */

import { checkProducer } from "../lifecycle/argument_checks.ts";
import { callWithSystem } from "../../log/context.ts";
import { ProcessAddress } from "../addresses.ts";
import type { ChildDriver, ChildPipe, ChildStatus } from "./child_driver.ts";
import { Connection } from "../stream/connection.ts";
import type { ConnectionOwner } from "../stream/connection_owner.ts";
import type { ConnectionContext } from "../stream/connection_context.ts";
import type { ConnectionLimits } from "../stream/connection_limits.ts";
import { ConnectionLost, ProcessDone, ProcessExitedAlready, ProcessTerminated } from "../errors.ts";
import type {
  IProcessProtocol,
  IProcessTransport,
  IProtocol,
  IPullProducer,
  IPushProducer,
  ProcessSignal,
  TransportStats,
  WriteOptions,
} from "../interfaces/mod.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import { callLogged, logPrefixOf } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/** A child process: the transport of its protocol. */
export class ChildProcess implements IProcessTransport, ConnectionOwner, ReactorResource {
  readonly context: ConnectionContext;
  readonly limits: ConnectionLimits;
  readonly #protocol: IProcessProtocol;
  readonly #driver: ChildDriver;
  readonly #address: ProcessAddress;
  /** All pipes, for their counters. */
  readonly #pipes: Connection[] = [];
  /** The open pipes, by the descriptor number in the child. */
  readonly #readers = new Map<number, Connection>();
  readonly #writers = new Map<number, Connection>();
  /** Whether the reactor runs or has run. Before that, no event is reported. */
  #started = false;
  /** Whether the protocol has called `pauseProducing`. */
  #paused = false;
  #status: ChildStatus | null = null;
  #openedAt = 0;
  /** The reason for `processEnded`, once the exit has been reported. */
  #reason: Error | null = null;
  #ended = false;

  /**
   * @param context The parts of the reactor that the process uses.
   * @param limits The limits of its pipes.
   * @param protocol The protocol that receives the events.
   * @param executable The program that the process runs.
   * @param driver The driver of the started child.
   */
  constructor(
    context: ConnectionContext,
    limits: ConnectionLimits,
    protocol: IProcessProtocol,
    executable: string,
    driver: ChildDriver,
  ) {
    this.context = context;
    this.limits = limits;
    this.#protocol = protocol;
    this.#driver = driver;
    this.#address = new ProcessAddress(executable, driver.pid);
  }

  /** Connects the protocol, and starts to read when the reactor runs. */
  open(): void {
    this.#openedAt = this.context.reactor.seconds();
    this.context.resources.add(this);
    this.#driver.unref();
    this.#driver.attach((status) => this.#exited(status));
    for (const pipe of this.#driver.pipes) this.#openPipe(pipe);
    this.#callProtocol("makeConnection", () => this.#protocol.makeConnection(this));
    this.context.reactor.callWhenRunning(() => this.#start());
  }

  get pid(): number | null {
    return this.#reason === null ? this.#driver.pid : null;
  }

  stats(): TransportStats {
    const pipes = this.#pipes.map((pipe) => pipe.stats());
    const sum = (count: (pipe: TransportStats) => number): number =>
      pipes.reduce((total, pipe) => total + count(pipe), 0);
    return {
      bytesReceived: sum((pipe) => pipe.bytesReceived),
      bytesSent: sum((pipe) => pipe.bytesSent),
      bytesUnsent: sum((pipe) => pipe.bytesUnsent),
      receivingPaused: this.#paused,
      producerPaused: pipes.some((pipe) => pipe.producerPaused),
      openedAt: this.#openedAt,
    };
  }

  getPeer(): ProcessAddress {
    return this.#address;
  }

  getHost(): ProcessAddress {
    return this.#address;
  }

  /** Describes the process for a log: `process sort (1234)`. */
  toString(): string {
    return `process ${this.#address}`;
  }

  /** Returns the name of the protocol and the process id, for the log. */
  logPrefix(): string {
    return `${logPrefixOf(this.#protocol)},${this.#driver.pid}`;
  }

  // Members for writing to the child.

  write(data: Uint8Array | string, options?: WriteOptions): void {
    this.#writers.get(0)?.write(data, options);
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    this.#writers.get(0)?.writeSequence(data);
  }

  writeToChild(childFD: number, data: Uint8Array | string): void {
    const isPipe = this.#driver.pipes.some((pipe) => pipe.isWritable && pipe.childFD === childFD);
    if (!isPipe) {
      throw new RangeError(
        `Cannot write to descriptor ${
          quote(childFD)
        } of the process ${this.#address}: the descriptor is not a writable pipe`,
      );
    }
    this.#writers.get(childFD)?.write(data);
  }

  /**
   * Registers a producer for the child's standard input. If there is no standard input, or it is
   * closed, stops the producer.
   */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    const stdin = this.#writers.get(0);
    if (stdin === undefined) this.#callProtocol("stopProducing", () => producer.stopProducing());
    else stdin.registerProducer(producer, streaming);
  }

  unregisterProducer(): void {
    this.#writers.get(0)?.unregisterProducer();
  }

  // Members for closing pipes.

  closeStdin(): void {
    this.closeChildFD(0);
  }

  closeStdout(): void {
    this.closeChildFD(1);
  }

  closeStderr(): void {
    this.closeChildFD(2);
  }

  closeChildFD(childFD: number): void {
    this.#writers.get(childFD)?.loseConnection();
    this.#readers.get(childFD)?.loseConnection();
  }

  loseConnection(): void {
    this.closeStdin();
    this.closeStderr();
    this.closeStdout();
  }

  stopProducing(): void {
    this.loseConnection();
  }

  signalProcess(signal: ProcessSignal): void {
    if (this.pid === null || !this.#driver.kill(fullName(signal))) {
      throw new ProcessExitedAlready(this.#address);
    }
  }

  // Members for receiving from the child.

  pauseProducing(): void {
    this.#paused = true;
    for (const reader of this.#readers.values()) reader.pauseProducing();
  }

  resumeProducing(): void {
    this.#paused = false;
    if (this.#started) this.#readPipes();
  }

  // Methods that the reactor and the pipes call.

  /**
   * Reports an exit that has not been reported, and lets the child run on. The pipes are resources
   * of their own.
   */
  shutDown(): void {
    // The reactor has stopped before it called #start(), and will not call it any more.
    if (!this.#started) this.#start();
    this.#driver.unref();
    this.context.resources.delete(this);
  }

  unref(): void {
    this.#driver.unref();
  }

  logSuffix(): string {
    return String(this.#driver.pid);
  }

  methodName(method: string): string {
    if (method === "dataReceived") return "childDataReceived";
    return method === "connectionLost" ? "childConnectionLost" : method;
  }

  /** Reports the end of the process after the last pipe has closed. */
  connectionLost(): void {
    this.#endIfDone();
  }

  // Private methods.

  #openPipe({ childFD, isWritable, driver }: ChildPipe): void {
    const pipes = isWritable ? this.#writers : this.#readers;
    const connection = new Connection(
      this,
      driver,
      new PipeProtocol({
        dataReceived: (data) => this.#protocol.childDataReceived(childFD, data),
        connectionLost: (reason) => {
          pipes.delete(childFD);
          return this.#protocol.childConnectionLost(childFD, reason);
        },
        logPrefix: () => logPrefixOf(this.#protocol),
      }),
    );
    pipes.set(childFD, connection);
    this.#pipes.push(connection);
    if (!isWritable) connection.pauseProducing();
    connection.open();
  }

  #start(): void {
    this.#started = true;
    this.#driver.ref();
    if (!this.#paused) this.#readPipes();
    if (this.#status !== null) this.#exited(this.#status);
  }

  #readPipes(): void {
    for (const reader of this.#readers.values()) reader.resumeProducing();
  }

  #exited(status: ChildStatus): void {
    this.#status = status;
    if (!this.#started) return;
    const { code, signal } = status;
    const reason = code === 0 && signal === null
      ? new ProcessDone(this.#address)
      : new ProcessTerminated(this.#address, code, signal);
    this.#reason = reason;
    this.#callProtocol("processExited", () => this.#protocol.processExited(reason));
    // The child has exited, so its unread input is lost and the pipes to it are closed. Another
    // process may have inherited such a pipe, but Deno does not report that.
    for (const writer of [...this.#writers.values()]) {
      writer.failed(new ConnectionLost(reason.message, { address: String(this.#address) }));
    }
    this.#endIfDone();
  }

  #endIfDone(): void {
    const reason = this.#reason;
    const isDone = reason !== null && this.#readers.size === 0 && this.#writers.size === 0;
    if (!isDone || this.#ended) return;
    this.#ended = true;
    this.context.resources.delete(this);
    this.#callProtocol("processEnded", () => this.#protocol.processEnded(reason));
  }

  #callProtocol(method: string, f: () => unknown): void {
    callWithSystem(this, () => callLogged(f, [], `Error while calling ${method}`));
  }
}

/** Passes the events of one pipe to the process's protocol. */
class PipeProtocol implements IProtocol {
  readonly dataReceived: (data: Uint8Array) => void;
  readonly connectionLost: (reason: Error) => void;
  readonly logPrefix: () => string;

  constructor(to: Pick<IProtocol, "dataReceived" | "connectionLost"> & { logPrefix(): string }) {
    this.dataReceived = to.dataReceived;
    this.connectionLost = to.connectionLost;
    this.logPrefix = to.logPrefix;
  }

  makeConnection(): void {}

  connectionMade(): void {}
}

/** Returns the name of a signal as Deno spells it. */
function fullName(signal: ProcessSignal): Deno.Signal | number {
  switch (signal) {
    case "HUP":
    case "STOP":
    case "INT":
    case "KILL":
    case "TERM":
      return `SIG${signal}`;
    default:
      return signal;
  }
}
