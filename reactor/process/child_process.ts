/**
 * A child process and its pipes. Twisted's `process.Process`.
 *
 * Each pipe is a {@linkcode Connection} of its own, so that writes, producers, pauses and ends are those of every other transport. What
 * is added here is the order in which a child ends: its exit and the ends of its pipes come as they come, and `processEnded` after all of them.
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
} from "../interfaces/mod.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import { callLogged, logPrefixOf } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/** A child process. The transport that its protocol gets. */
export class ChildProcess implements IProcessTransport, ConnectionOwner, ReactorResource {
  readonly host: ConnectionContext;
  readonly limits: ConnectionLimits;
  readonly #protocol: IProcessProtocol;
  readonly #driver: ChildDriver;
  readonly #address: ProcessAddress;
  /** The pipes that are open, by the child's numbers. */
  readonly #readers = new Map<number, Connection>();
  readonly #writers = new Map<number, Connection>();
  /** The numbers that can ever be written to. */
  readonly #writable: readonly number[];
  /** Whether the reactor runs, or has run: nothing is told before. */
  #started = false;
  /** Whether the protocol has asked for a pause. */
  #paused = false;
  #status: ChildStatus | null = null;
  /** How it ended, once the protocol hears of it. */
  #reason: Error | null = null;
  #ended = false;

  /**
   * @param host What the reactor lends.
   * @param limits The bounds of its pipes.
   * @param protocol What is told.
   * @param executable What it runs.
   * @param driver The child, started.
   */
  constructor(
    host: ConnectionContext,
    limits: ConnectionLimits,
    protocol: IProcessProtocol,
    executable: string,
    driver: ChildDriver,
  ) {
    this.host = host;
    this.limits = limits;
    this.#protocol = protocol;
    this.#driver = driver;
    this.#address = new ProcessAddress(executable, driver.pid);
    this.#writable = driver.pipes.filter((pipe) => pipe.isWritable).map((pipe) => pipe.childFD);
  }

  /** Tells the protocol, and begins to receive when the reactor runs. */
  open(): void {
    this.host.resources.add(this);
    this.#driver.unref();
    this.#driver.attach((status) => this.#exited(status));
    for (const pipe of this.#driver.pipes) this.#openPipe(pipe);
    this.#tell("makeConnection", () => this.#protocol.makeConnection(this));
    this.host.reactor.callWhenRunning(() => this.#start());
  }

  get pid(): number | null {
    return this.#reason === null ? this.#driver.pid : null;
  }

  getPeer(): ProcessAddress {
    return this.#address;
  }

  getHost(): ProcessAddress {
    return this.#address;
  }

  /** The process for a log: `process sort (1234)`. */
  toString(): string {
    return `process ${this.#address}`;
  }

  /** The protocol's name, and which process it is. */
  logPrefix(): string {
    return `${logPrefixOf(this.#protocol)},${this.#driver.pid}`;
  }

  // Writing.

  write(data: Uint8Array | string): void {
    this.#writers.get(0)?.write(data);
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    this.#writers.get(0)?.writeSequence(data);
  }

  writeToChild(childFD: number, data: Uint8Array | string): void {
    if (!this.#writable.includes(childFD)) {
      throw new RangeError(
        `Cannot write to descriptor ${
          quote(childFD)
        } of the process ${this.#address}: it is no pipe to write to`,
      );
    }
    this.#writers.get(childFD)?.write(data);
  }

  /** See `IConsumer.registerProducer`. Without a standard input to write to, the producer is stopped. */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    const stdin = this.#writers.get(0);
    if (stdin === undefined) this.#tell("stopProducing", () => producer.stopProducing());
    else stdin.registerProducer(producer, streaming);
  }

  unregisterProducer(): void {
    this.#writers.get(0)?.unregisterProducer();
  }

  // Closing.

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

  // Receiving.

  pauseProducing(): void {
    this.#paused = true;
    for (const reader of this.#readers.values()) reader.pauseProducing();
  }

  resumeProducing(): void {
    this.#paused = false;
    if (this.#started) this.#readOn();
  }

  // What the reactor and the pipes tell.

  /** See {@linkcode ReactorResource.shutDown}. The pipes are resources themselves. */
  shutDown(): void {
    // A reactor that stops before it has run this will not run it any more.
    if (!this.#started) this.#start();
    this.#driver.unref();
    this.host.resources.delete(this);
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

  /** See {@linkcode ConnectionOwner.connectionLost}. The protocol has been told. */
  connectionLost(): void {
    this.#endIfOver();
  }

  // Inside.

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
    if (!isWritable) connection.pauseProducing();
    connection.open();
  }

  #start(): void {
    this.#started = true;
    this.#driver.ref();
    if (!this.#paused) this.#readOn();
    if (this.#status !== null) this.#exited(this.#status);
  }

  #readOn(): void {
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
    this.#tell("processExited", () => this.#protocol.processExited(reason));
    // What a child left unread is nobody's, and whether somebody else has inherited its end cannot be known.
    for (const writer of [...this.#writers.values()]) {
      writer.failed(new ConnectionLost(reason.message, { address: String(this.#address) }));
    }
    this.#endIfOver();
  }

  #endIfOver(): void {
    const reason = this.#reason;
    const isOver = reason !== null && this.#readers.size === 0 && this.#writers.size === 0;
    if (!isOver || this.#ended) return;
    this.#ended = true;
    this.host.resources.delete(this);
    this.#tell("processEnded", () => this.#protocol.processEnded(reason));
  }

  #tell(method: string, f: () => unknown): void {
    callWithSystem(this, () => callLogged(f, [], `While calling ${method}`));
  }
}

/** Passes what comes of one pipe on. */
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

/** The signal as Deno names it. */
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
