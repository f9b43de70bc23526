import type {
  Address,
  IPullProducer,
  IPushProducer,
  IReactorTime,
  ITransport,
  IUNIXTransport,
  PeerCertificate,
  StartTLSOptions,
  TransportStats,
  WriteOptions,
} from "../../reactor/interfaces/mod.ts";
import { unixTransport, unixTransportKey } from "../../reactor/stream/unix_transport.ts";

/** A transport that forwards every call to another transport. */
export abstract class TransportWrapper implements ITransport {
  /** The underlying transport. */
  abstract readonly transport: ITransport;

  /** The UNIX transport below, for `unixTransport()`; `null` if there is none. */
  get [unixTransportKey](): IUNIXTransport | null {
    return unixTransport(this.transport);
  }

  get disconnecting(): boolean {
    return this.transport.disconnecting;
  }

  get connected(): boolean {
    return this.transport.connected;
  }

  get clock(): IReactorTime | undefined {
    return this.transport.clock;
  }

  write(data: Uint8Array | string, options?: WriteOptions): void {
    this.transport.write(data, options);
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    this.transport.writeSequence(data);
  }

  loseConnection(): void {
    this.transport.loseConnection();
  }

  loseWriteConnection(): void {
    this.transport.loseWriteConnection();
  }

  abortConnection(reason?: Error): void {
    this.transport.abortConnection(reason);
  }

  getPeer(): Address {
    return this.transport.getPeer();
  }

  getHost(): Address {
    return this.transport.getHost();
  }

  stats(): TransportStats {
    return this.transport.stats();
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    // The cast is safe: the interface requires a push producer if `streaming` is true.
    if (streaming) this.transport.registerProducer(producer as IPushProducer, true);
    else this.transport.registerProducer(producer, false);
  }

  unregisterProducer(): void {
    this.transport.unregisterProducer();
  }

  pauseProducing(): void {
    this.transport.pauseProducing();
  }

  resumeProducing(): void {
    this.transport.resumeProducing();
  }

  stopProducing(): void {
    this.transport.stopProducing();
  }

  setTcpNoDelay(enabled: boolean): void {
    this.transport.setTcpNoDelay(enabled);
  }

  getTcpNoDelay(): boolean {
    return this.transport.getTcpNoDelay();
  }

  setTcpKeepAlive(enabled: boolean, idle?: number): void {
    this.transport.setTcpKeepAlive(enabled, idle);
  }

  getTcpKeepAlive(): boolean {
    return this.transport.getTcpKeepAlive();
  }

  get secure(): boolean {
    return this.transport.secure;
  }

  get tlsStarted(): boolean {
    return this.transport.tlsStarted;
  }

  get negotiatedProtocol(): string | null {
    return this.transport.negotiatedProtocol;
  }

  getPeerCertificate(): PeerCertificate | null {
    return this.transport.getPeerCertificate();
  }

  startTLS(options: StartTLSOptions): void {
    this.transport.startTLS(options);
  }
}
