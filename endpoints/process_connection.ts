import { killProcess } from "../protocol/kill_process.ts";
import { ConnectionAborted, UnsupportedError } from "../reactor/errors.ts";
import type {
  Address,
  IProcessTransport,
  IProtocol,
  IPullProducer,
  IPushProducer,
  TransportStats,
  WriteOptions,
} from "../reactor/interfaces/mod.ts";
import { replaceProtocol, type SwitchableTransport } from "../reactor/stream/protocol_switch.ts";

/**
 * A child process as a connection: the transport of a protocol that `ProcessEndpoint` connected.
 * Twisted's `_ProcessEndpointTransport`.
 */
export class ProcessConnection implements SwitchableTransport {
  /** The process, with its process id and its signals. */
  readonly process: IProcessTransport;
  #isLost = false;
  #disconnecting = false;
  /** Whether the process's standard input is closed, or is not a pipe. */
  #isWriteLost: boolean;
  #abortReason: Error | null = null;
  readonly #replaceProtocol: (protocol: IProtocol) => IProtocol;

  /** Always `false`: a pipe has no TLS. */
  readonly secure = false;
  /** Always `false`: a pipe has no TLS. */
  readonly tlsStarted = false;
  /** Always `null`: a pipe has no TLS. */
  readonly negotiatedProtocol = null;

  /** Created by `ProcessEndpoint`. */
  constructor(
    process: IProcessTransport,
    isWritable: boolean,
    replace: (protocol: IProtocol) => IProtocol,
  ) {
    this.process = process;
    this.#replaceProtocol = replace;
    this.#isWriteLost = !isWritable;
  }

  /** Replaces the protocol. Called by `joinConnections()`. */
  [replaceProtocol](protocol: IProtocol): IProtocol {
    return this.#replaceProtocol(protocol);
  }

  get connected(): boolean {
    return !this.#isLost;
  }

  get disconnecting(): boolean {
    return !this.#isLost && (this.#disconnecting || this.#abortReason !== null);
  }

  /** The reason of an abort; `null` before it. */
  get abortReason(): Error | null {
    return this.#abortReason;
  }

  /** Returns the `ProcessAddress` of the process. */
  getPeer(): Address {
    return this.process.getPeer();
  }

  /** Returns the `ProcessAddress` of the process, as `getPeer()` does. */
  getHost(): Address {
    return this.process.getHost();
  }

  /** Returns the counters of the process's pipes. */
  stats(): TransportStats {
    return this.process.stats();
  }

  write(data: Uint8Array | string, options?: WriteOptions): void {
    this.process.write(data, options);
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    this.process.writeSequence(data);
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    // The cast is safe: the interface requires a push producer if `streaming` is true.
    if (streaming) this.process.registerProducer(producer as IPushProducer, true);
    else this.process.registerProducer(producer, false);
  }

  unregisterProducer(): void {
    this.process.unregisterProducer();
  }

  /**
   * Sends the written data, and closes the pipes. It does not end the process: one that uses
   * neither its input nor its output continues to run.
   */
  loseConnection(): void {
    if (this.#isLost || this.#disconnecting) return;
    this.#disconnecting = true;
    // The process's output is dropped from now on, but it is still read. A process that cannot
    // write its output may never read its input.
    this.process.resumeProducing();
    if (this.#isWriteLost) this.process.loseConnection();
    else this.process.closeStdin();
  }

  loseWriteConnection(): void {
    this.process.closeStdin();
  }

  /**
   * Kills the process, and loses the connection.
   *
   * @param reason The cause of the `ConnectionAborted` that the protocol receives.
   */
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

  /** Does nothing: a pipe has no such option. */
  setTcpNoDelay(_enabled: boolean): void {}

  /** Returns `false`: a pipe has no such option. */
  getTcpNoDelay(): boolean {
    return false;
  }

  /**
   * Does nothing: a pipe has no such option.
   *
   * @param _enabled Whether to probe an idle peer.
   * @param idle Seconds until the first probe.
   * @throws {UnsupportedError} when `idle` is given.
   */
  setTcpKeepAlive(_enabled: boolean, idle?: number): void {
    if (idle !== undefined) {
      throw new UnsupportedError(
        `Cannot set a keep-alive time of ${idle} s for ${this.getPeer()}: ` +
          "the peer is a child process, not a TCP connection",
      );
    }
  }

  /** Returns `false`: a pipe has no such option. */
  getTcpKeepAlive(): boolean {
    return false;
  }

  /** Returns `null`: a pipe has no TLS. */
  getPeerCertificate(): null {
    return null;
  }

  /** Throws an `UnsupportedError`: only this process and its child use the pipe. */
  startTLS(): never {
    throw new UnsupportedError(
      `Cannot start TLS with ${this.getPeer()}: the peer is a child process`,
    );
  }

  /** Kills the process, and loses the connection with this reason. */
  abort(reason: Error): void {
    if (this.#isLost || this.#abortReason !== null) return;
    this.#abortReason = reason;
    killProcess(this.process);
  }

  /** Records that the process's standard input has been closed. */
  writeLost(): void {
    this.#isWriteLost = true;
    if (this.#disconnecting) this.process.loseConnection();
  }

  /** Records that the connection is lost, just before the protocol is notified. */
  lost(): void {
    this.#isLost = true;
    this.process.loseConnection();
  }
}
