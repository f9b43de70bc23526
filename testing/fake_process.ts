import { checkProcessProtocol, checkProducer } from "../reactor/lifecycle/argument_checks.ts";
import { ProcessAddress } from "../reactor/addresses.ts";
import {
  ConnectionDone,
  ProcessDone,
  ProcessExitedAlready,
  ProcessTerminated,
} from "../reactor/errors.ts";
import type {
  IProcessProtocol,
  IProcessTransport,
  IPullProducer,
  IPushProducer,
  ProcessSignal,
  SpawnProcessOptions,
  TransportStats,
  WriteOptions,
} from "../reactor/interfaces/mod.ts";
import { alreadyRegistered } from "../reactor/stream/producer_registration.ts";
import { checkData } from "../reactor/stream/written_data.ts";
import { CollectedBytes } from "./collected_bytes.ts";

const encoder = new TextEncoder();

/**
 * A process that was never started: the transport and the record of a call of `spawnProcess`. The
 * test acts as the child.
 *
 * A pipe closes when the protocol closes it, and all pipes close with {@linkcode exit}. The
 * protocol's `childConnectionLost` is called at once, where a real process calls it later.
 *
 * @example
 * ```ts
 * import { getProcessOutput } from "@torsion/reactor/protocol";
 * import { MemoryReactor } from "@torsion/reactor/testing";
 *
 * const reactor = new MemoryReactor();
 * getProcessOutput(reactor, "date").addCallback((output) => console.log(output.length)); // 5
 *
 * const child = reactor.processes[0];
 * console.log(child?.executable); // date
 * child?.output(1, "today");
 * child?.exit(0);
 * ```
 */
export class FakeProcess implements IProcessTransport {
  /** The protocol that was passed in. */
  readonly protocol: IProcessProtocol;
  /** The executable that was passed in. */
  readonly executable: string;
  /** The options that were passed in. */
  readonly options: SpawnProcessOptions;
  /** The signals that were sent, as they were passed to `signalProcess()`. */
  readonly signals: ProcessSignal[] = [];
  readonly #address: ProcessAddress;
  readonly #pipes: Map<number, "r" | "w">;
  readonly #closed: number[] = [];
  readonly #written = new Map<number, CollectedBytes>();
  #isPaused = false;
  #isExited = false;
  #bytesReceived = 0;
  #producer: IPushProducer | IPullProducer | null = null;

  /**
   * Creates a running process.
   *
   * @param protocol The protocol.
   * @param executable The executable.
   * @param options The options.
   * @param pid The process id.
   * @throws {TypeError} If the protocol is not a process protocol.
   */
  constructor(
    protocol: IProcessProtocol,
    executable: string,
    options: SpawnProcessOptions,
    pid: number,
  ) {
    checkProcessProtocol(protocol);
    this.protocol = protocol;
    this.executable = executable;
    this.options = options;
    this.#address = new ProcessAddress(executable, pid);
    const { childFDs = { 0: "w", 1: "r", 2: "r" } } = options;
    this.#pipes = new Map(
      Object.entries(childFDs).flatMap(([childFD, target]) =>
        typeof target === "number" ? [] : [[Number(childFD), target]]
      ),
    );
  }

  // Members for tests.

  /** Returns the text that was written to one of the child's descriptors. */
  text(childFD = 0): string {
    return this.#written.get(childFD)?.text() ?? "";
  }

  /** Returns the bytes that were written to one of the child's descriptors. */
  value(childFD = 0): Uint8Array {
    return this.#written.get(childFD)?.value() ?? new Uint8Array();
  }

  /** The descriptors of the child that are closed, in the order in which they were closed. */
  get closedFDs(): readonly number[] {
    return [...this.#closed];
  }

  /** Whether the protocol has called `pauseProducing()` and not `resumeProducing()`. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The registered producer, or `null`. The test calls its methods. */
  get producer(): IPushProducer | IPullProducer | null {
    return this.#producer;
  }

  /**
   * Passes output of the child to the protocol's `childDataReceived`. Does nothing if the
   * descriptor is closed.
   *
   * @param childFD The number of the descriptor: 1 for standard output, 2 for standard error.
   * @param data The bytes, or a string that is encoded as UTF-8.
   * @throws {RangeError} If the descriptor is not a pipe that this process reads.
   */
  output(childFD: number, data: Uint8Array | string): void {
    this.#checkPipe(childFD, "r", "output from");
    if (this.#closed.includes(childFD)) return;
    const bytes = typeof data === "string" ? encoder.encode(data) : data.slice();
    this.#bytesReceived += bytes.length;
    this.protocol.childDataReceived(childFD, bytes);
  }

  /**
   * Ends the child: calls `processExited`, then `childConnectionLost` of each open pipe, and then
   * `processEnded`.
   *
   * @param code The exit code, or 128 plus the number of the signal.
   * @param signal The name of the signal that has terminated the process, such as `"SIGTERM"`.
   * @throws {Error} If the process has exited.
   */
  exit(code: number, signal: string | null = null): void {
    if (this.#isExited) throw new Error(`Cannot exit the process ${this.#address}: it has exited`);
    this.#isExited = true;
    const reason = code === 0 && signal === null
      ? new ProcessDone(this.#address)
      : new ProcessTerminated(this.#address, code, signal);
    this.protocol.processExited(reason);
    for (const childFD of this.#pipes.keys()) this.closeChildFD(childFD);
    this.protocol.processEnded(reason);
  }

  /** Describes the process for a log: `process date (4711)`. */
  toString(): string {
    return `process ${this.#address}`;
  }

  // Members of IProcessTransport.

  get pid(): number | null {
    return this.#isExited ? null : this.#address.pid;
  }

  getPeer(): ProcessAddress {
    return this.#address;
  }

  getHost(): ProcessAddress {
    return this.#address;
  }

  /**
   * Returns the numbers of bytes that {@linkcode output} has passed to the protocol and that were
   * written, and whether the protocol has paused the process.
   */
  stats(): TransportStats {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: [...this.#written.values()].reduce((sum, { total }) => sum + total, 0),
      bytesUnsent: 0,
      receivingPaused: this.#isPaused,
      producerPaused: false,
      openedAt: 0,
    };
  }

  write(data: Uint8Array | string, options?: WriteOptions): void {
    checkData("write", data, options);
    if (this.#pipes.get(0) !== "w" || this.#closed.includes(0) || data.length === 0) return;
    this.#write(0, data);
    options?.flushed?.();
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    for (const piece of pieces) this.write(piece);
  }

  writeToChild(childFD: number, data: Uint8Array | string): void {
    checkData("writeToChild", data);
    this.#checkPipe(childFD, "w", "write to");
    this.#write(childFD, data);
  }

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
    if (!this.#pipes.has(childFD) || this.#closed.includes(childFD)) return;
    this.#closed.push(childFD);
    this.protocol.childConnectionLost(childFD, new ConnectionDone());
  }

  loseConnection(): void {
    this.closeStdin();
    this.closeStderr();
    this.closeStdout();
  }

  stopProducing(): void {
    this.loseConnection();
  }

  /** Records the signal in {@linkcode signals}. The test calls {@linkcode exit}. */
  signalProcess(signal: ProcessSignal): void {
    if (this.#isExited) throw new ProcessExitedAlready(this.#address);
    this.signals.push(signal);
  }

  pauseProducing(): void {
    this.#isPaused = true;
  }

  resumeProducing(): void {
    this.#isPaused = false;
  }

  /** Stores the producer in {@linkcode producer}, and does not call it. */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    if (this.#producer !== null) throw alreadyRegistered(producer, this.#producer);
    if (this.#pipes.get(0) !== "w" || this.#closed.includes(0)) producer.stopProducing();
    else this.#producer = producer;
  }

  unregisterProducer(): void {
    this.#producer = null;
  }

  #write(childFD: number, data: Uint8Array | string): void {
    if (this.#closed.includes(childFD)) return;
    const written = this.#written.get(childFD) ?? new CollectedBytes();
    this.#written.set(childFD, written);
    written.add(data);
  }

  #checkPipe(childFD: number, direction: "r" | "w", action: string): void {
    if (this.#pipes.get(childFD) === direction) return;
    throw new RangeError(
      `Cannot ${action} descriptor ${childFD} of the process ${this.#address}: ` +
        `the descriptor is not a pipe in that direction`,
    );
  }
}
