import { killProcess } from "../protocol/kill_process.ts";
import { ConnectionAborted, UnsupportedError } from "../reactor/errors.ts";
import type {
  Address,
  IProcessTransport,
  IPullProducer,
  IPushProducer,
  ITransport,
} from "../reactor/interfaces/mod.ts";

/** A child process as a connection: the transport of a protocol that `ProcessEndpoint` connected. Twisted's `_ProcessEndpointTransport`. */
export class ProcessConnection implements ITransport {
  /** The process: its number, its signals. */
  readonly process: IProcessTransport;
  #isLost = false;
  #disconnecting = false;
  /** Whether the process's input is closed, or is no pipe. */
  #isWriteLost: boolean;
  #abortReason: Error | null = null;

  /** No TLS. */
  readonly secure = false;
  /** No TLS. */
  readonly tlsStarted = false;
  /** No TLS. */
  readonly negotiatedProtocol = null;

  /** Made by `ProcessEndpoint`. */
  constructor(process: IProcessTransport, isWritable: boolean) {
    this.process = process;
    this.#isWriteLost = !isWritable;
  }

  get connected(): boolean {
    return !this.#isLost;
  }

  get disconnecting(): boolean {
    return !this.#isLost && (this.#disconnecting || this.#abortReason !== null);
  }

  /** Why it was aborted, if it was. */
  get abortReason(): Error | null {
    return this.#abortReason;
  }

  /** See {@linkcode ITransport.getPeer}: a `ProcessAddress`. */
  getPeer(): Address {
    return this.process.getPeer();
  }

  /** See {@linkcode ITransport.getHost}: the same. */
  getHost(): Address {
    return this.process.getHost();
  }

  write(data: Uint8Array | string): void {
    this.process.write(data);
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    this.process.writeSequence(data);
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    // The interface has the two belong together.
    if (streaming) this.process.registerProducer(producer as IPushProducer, true);
    else this.process.registerProducer(producer, false);
  }

  unregisterProducer(): void {
    this.process.unregisterProducer();
  }

  /** See {@linkcode ITransport.loseConnection}. A process that goes on with neither input nor output is not ended by this. */
  loseConnection(): void {
    if (this.#isLost || this.#disconnecting) return;
    this.#disconnecting = true;
    // What it writes meanwhile goes nowhere, but it must be able to write, or it never reads.
    this.process.resumeProducing();
    if (this.#isWriteLost) this.process.loseConnection();
    else this.process.closeStdin();
  }

  loseWriteConnection(): void {
    this.process.closeStdin();
  }

  /** See {@linkcode ITransport.abortConnection}. The process is killed. */
  abortConnection(reason?: Error): void {
    this.abort(reason instanceof ConnectionAborted ? reason : ConnectionAborted.because(reason));
  }

  pauseProducing(): void {
    if (!this.#isLost && !this.#disconnecting) this.process.pauseProducing();
  }

  resumeProducing(): void {
    this.process.resumeProducing();
  }

  stopProducing(): void {
    this.loseConnection();
  }

  /** Does nothing: a pipe has no such thing. */
  setTcpNoDelay(_enabled: boolean): void {}

  /** False: a pipe has no such thing. */
  getTcpNoDelay(): boolean {
    return false;
  }

  /** Does nothing: a pipe has no such thing. */
  setTcpKeepAlive(_enabled: boolean, idle?: number): void {
    if (idle !== undefined) {
      throw new UnsupportedError(`Cannot probe ${this.getPeer()} after ${idle} s: it is a process`);
    }
  }

  /** False: a pipe has no such thing. */
  getTcpKeepAlive(): boolean {
    return false;
  }

  /** No TLS. */
  getPeerCertificate(): null {
    return null;
  }

  /** No TLS: a pipe to a child is nobody else's. */
  startTLS(): never {
    throw new UnsupportedError(`Cannot start TLS with ${this.getPeer()}: it is a child process`);
  }

  /** Kills the process; the protocol gets this reason. */
  abort(reason: Error): void {
    if (this.#isLost || this.#abortReason !== null) return;
    this.#abortReason = reason;
    killProcess(this.process);
    // Others may have inherited its pipes.
    this.process.loseConnection();
  }

  /** Its input has been closed: nothing more can be written. */
  writeLost(): void {
    this.#isWriteLost = true;
    if (this.#disconnecting) this.process.loseConnection();
  }

  /** The protocol is about to be told that the connection is lost. */
  lost(): void {
    this.#isLost = true;
    this.process.loseConnection();
  }
}
