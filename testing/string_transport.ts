/**
 * A transport that records the calls of a protocol.
 *
 * It does not run the state machine of real connections. That machine decides when a state changes:
 * it calls the protocol, which a `StringTransport` does not know, it requests data from a producer,
 * and it replaces `disconnecting` by a loss at the end of the turn. A `StringTransport` keeps each
 * state until the test looks at it. The checks of arguments are those of real connections.
 *
 * @module
 */

import { checkProducer } from "../reactor/lifecycle/argument_checks.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { ConnectionAborted } from "../reactor/errors.ts";
import type {
  Address,
  IPullProducer,
  IPushProducer,
  IReactorTime,
  ITransport,
  PeerCertificate,
  StartTLSOptions,
  TransportStats,
  WriteOptions,
} from "../reactor/interfaces/mod.ts";
import { alreadyRegistered } from "../reactor/stream/producer_registration.ts";
import { checkData } from "../reactor/stream/written_data.ts";
import { checkCanStartTLS } from "../reactor/tls/start_tls.ts";
import { checkKeepAliveIdle } from "../internal/validation.ts";
import { CollectedBytes } from "./collected_bytes.ts";

/** Options of a {@linkcode StringTransport}. */
export interface StringTransportOptions {
  /**
   * The address that `getHost()` returns.
   *
   * @default {new IPv4Address("TCP", "10.0.0.1", 12345)}
   */
  hostAddress?: Address | undefined;
  /**
   * The address that `getPeer()` returns.
   *
   * @default {new IPv4Address("TCP", "192.168.1.1", 54321)}
   */
  peerAddress?: Address | undefined;
  /**
   * Whether `pauseProducing()` and `resumeProducing()` are accepted after the transport has been
   * closed. By default they throw an error, because code that resumes a closed connection may wait
   * for data that never arrives.
   *
   * @default {false}
   */
  lenient?: boolean | undefined;
  /**
   * The time of protocols that need one.
   *
   * @default {undefined} None: such a protocol throws an error.
   */
  clock?: IReactorTime | undefined;
}

/** The state of a {@linkcode StringTransport} as a producer of received data. */
export type ProducerState = "producing" | "paused" | "stopped";

/** The result of a TLS handshake; see {@linkcode StringTransport.completeHandshake}. */
export interface CompleteHandshakeOptions {
  /**
   * The protocol that both sides agreed on by ALPN.
   *
   * @default {null}
   */
  negotiatedProtocol?: string | null | undefined;
  /**
   * The peer's certificate.
   *
   * @default {null}
   */
  peerCertificate?: PeerCertificate | null | undefined;
}

/**
 * A transport that stores the written data and records the calls of a protocol. It has no behavior:
 * it calls neither the protocol nor a registered producer. Twisted's `StringTransport`.
 *
 * The test calls the methods of the protocol itself: `makeConnection(transport)`, then
 * `dataReceived` and `connectionLost`. {@linkcode StringTransportWithDisconnection} calls
 * `connectionLost` when the protocol closes the connection.
 *
 * Members that {@linkcode ITransport} does not have are for tests.
 *
 * @example
 * ```ts
 * import { LineReceiver } from "@torsion/reactor/protocol";
 * import { StringTransport } from "@torsion/reactor/testing";
 *
 * class Echo extends LineReceiver {
 *   override textReceived(line: string) {
 *     if (line === "quit") this.transport.loseConnection();
 *     else this.sendLine(line);
 *   }
 * }
 *
 * const transport = new StringTransport();
 * const echo = new Echo();
 * echo.makeConnection(transport);
 * echo.dataReceived(new TextEncoder().encode("hello\r\nquit\r\n"));
 * console.log(transport.text()); // hello
 * console.log(transport.disconnecting); // true
 * ```
 */
export class StringTransport implements ITransport {
  /** The address that `getHost()` returns. */
  hostAddr: Address;
  /** The address that `getPeer()` returns. */
  peerAddr: Address;
  readonly clock: IReactorTime | undefined;
  readonly #isLenient: boolean;
  readonly #written = new CollectedBytes();
  readonly #openedAt: number;
  #disconnecting = false;
  #disconnected = false;
  #writeDisconnecting = false;
  #abortReason: ConnectionAborted | null = null;
  #producerState: ProducerState = "producing";
  #producer: IPushProducer | IPullProducer | null = null;
  #streaming: boolean | null = null;
  #tlsOptions: StartTLSOptions | null = null;
  #tlsStarted = false;
  #session: Required<CompleteHandshakeOptions> | null = null;
  #noDelay = false;
  #keepAlive = false;
  #keepAliveIdle: number | null = null;

  /**
   * Creates an open transport.
   *
   * @param options Addresses and the treatment of late calls.
   */
  constructor(options: StringTransportOptions = {}) {
    this.hostAddr = options.hostAddress ?? new IPv4Address("TCP", "10.0.0.1", 12345);
    this.peerAddr = options.peerAddress ?? new IPv4Address("TCP", "192.168.1.1", 54321);
    this.#isLenient = options.lenient ?? false;
    this.clock = options.clock;
    this.#openedAt = options.clock?.seconds() ?? 0;
  }

  // Members for tests.

  /** Returns the bytes that were written since the last `clear()`. */
  value(): Uint8Array {
    return this.#written.value();
  }

  /**
   * Returns {@linkcode value} decoded as UTF-8. Twisted has no equivalent. Invalid bytes become
   * U+FFFD.
   */
  text(): string {
    return this.#written.text();
  }

  /** Discards the data that was written so far. */
  clear(): void {
    this.#written.clear();
  }

  /** Whether `abortConnection()` was called. In Twisted this member is documented, but missing. */
  get aborted(): boolean {
    return this.#abortReason !== null;
  }

  /**
   * The error with which a real connection would call `connectionLost` after `abortConnection()`;
   * `null` before that call.
   */
  get abortReason(): ConnectionAborted | null {
    return this.#abortReason;
  }

  /**
   * Whether the connection is closed: `true` from `abortConnection()` or {@linkcode disconnect} on.
   * `loseConnection()` alone does not set it.
   */
  get disconnected(): boolean {
    return this.#disconnected;
  }

  /** Whether `loseWriteConnection()` was called. */
  get writeDisconnecting(): boolean {
    return this.#writeDisconnecting;
  }

  /**
   * The state of this transport as a producer: `"paused"` after `pauseProducing()`, `"stopped"`
   * after `stopProducing()`, and otherwise `"producing"`.
   */
  get producerState(): ProducerState {
    return this.#producerState;
  }

  /** The registered producer, or `null`. The test calls its methods. */
  get producer(): IPushProducer | IPullProducer | null {
    return this.#producer;
  }

  /** Whether the registered producer is a push producer; `null` without a producer. */
  get streaming(): boolean | null {
    return this.#streaming;
  }

  /** The options of `startTLS()`; `null` before that call. */
  get tlsOptions(): StartTLSOptions | null {
    return this.#tlsOptions;
  }

  /** The idle time of keep-alive probes that the protocol has set, in seconds, or `null`. */
  get tcpKeepAliveIdle(): number | null {
    return this.#keepAliveIdle;
  }

  /**
   * Makes the connection {@linkcode secure}, as a completed TLS handshake does. The test calls
   * `handshakeCompleted` of the protocol afterwards.
   *
   * @param session The result of the handshake.
   *
   * @example
   * ```ts
   * import { Protocol } from "@torsion/reactor/protocol";
   * import { StringTransport } from "@torsion/reactor/testing";
   *
   * class Upgrading extends Protocol {
   *   override dataReceived() {
   *     this.transport.startTLS({ serverName: "example.org" });
   *   }
   *   handshakeCompleted() {
   *     this.transport.write("This line is encrypted");
   *   }
   * }
   *
   * const transport = new StringTransport();
   * const protocol = new Upgrading();
   * protocol.makeConnection(transport);
   * protocol.dataReceived();
   * console.log(transport.tlsOptions?.serverName); // example.org
   * transport.completeHandshake();
   * protocol.handshakeCompleted();
   * ```
   */
  completeHandshake(session: CompleteHandshakeOptions = {}): void {
    const { negotiatedProtocol = null, peerCertificate = null } = session;
    this.#tlsStarted = true;
    this.#session = { negotiatedProtocol, peerCertificate };
  }

  /**
   * Closes the connection as the peer or the network does: `connected` and `disconnecting` are
   * `false` then, and a write does nothing. The test calls `connectionLost` of the protocol
   * afterwards. Twisted has no equivalent.
   */
  disconnect(): void {
    this.#disconnected = true;
    this.#disconnecting = false;
  }

  /** Describes the transport for a log: `StringTransport to 192.168.1.1:54321`. */
  toString(): string {
    return `${this.constructor.name} to ${this.peerAddr}`;
  }

  // Members of ITransport.

  /** Whether the connection is open: the opposite of {@linkcode disconnected}. */
  get connected(): boolean {
    return !this.#disconnected;
  }

  /**
   * Whether `loseConnection()`, `abortConnection()` or `stopProducing()` was called. On a
   * {@linkcode StringTransportWithDisconnection} it is `false`, because the connection is lost at
   * once.
   */
  get disconnecting(): boolean {
    return this.#disconnecting;
  }

  /**
   * Stores the data. As on a real connection, a write after `loseConnection()` is still sent, and a
   * write to an aborted connection or after `loseWriteConnection()` does nothing.
   *
   * @param data The bytes, which are copied, or a string that is encoded as UTF-8.
   * @throws {TypeError} If the data is neither bytes nor a string.
   */
  write(data: Uint8Array | string, options?: WriteOptions): void {
    checkData("write", data, options);
    // A registered producer delays loseWriteConnection() until it is unregistered.
    const isClosed = this.#disconnected || (this.#writeDisconnecting && this.#producer === null);
    if (isClosed || data.length === 0) return;
    this.#written.add(data);
    options?.flushed?.();
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    for (const piece of pieces) this.write(piece);
  }

  /** Sets {@linkcode disconnecting}, and does nothing else. */
  loseConnection(): void {
    this.#disconnecting = true;
  }

  /** Sets {@linkcode writeDisconnecting}, and does nothing else. */
  loseWriteConnection(): void {
    this.#writeDisconnecting = true;
  }

  /** Sets {@linkcode aborted}, {@linkcode abortReason} and {@linkcode disconnected}. */
  abortConnection(reason?: Error): void {
    if (this.#disconnected) return;
    this.#abortReason = reason instanceof ConnectionAborted
      ? reason
      : ConnectionAborted.because(reason);
    this.#disconnecting = this.#disconnected = true;
  }

  getPeer(): Address {
    return this.peerAddr;
  }

  getHost(): Address {
    return this.hostAddr;
  }

  /**
   * Returns the number of bytes that were stored so far, and whether the protocol has paused this
   * transport. Nothing is received and nothing is unsent, because the test calls the protocol
   * itself. `openedAt` is 0 without the option `clock`.
   */
  stats(): TransportStats {
    return {
      bytesReceived: 0,
      bytesSent: this.#written.total,
      bytesUnsent: 0,
      receivingPaused: this.#producerState === "paused",
      producerPaused: false,
      openedAt: this.#openedAt,
    };
  }

  /**
   * Stores the producer in {@linkcode producer}, and does not call it. Only an aborted transport
   * stops the producer, as a real connection does.
   *
   * @throws {Error} If another producer is registered.
   */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    if (this.#producer !== null) throw alreadyRegistered(producer, this.#producer);
    if (this.#disconnected) {
      producer.stopProducing();
      return;
    }
    this.#producer = producer;
    this.#streaming = streaming;
  }

  /**
   * Removes the producer.
   *
   * @throws {Error} If the connection is open and there is no producer. A real connection ignores
   *   the call then.
   */
  unregisterProducer(): void {
    if (this.#producer === null && !this.#disconnected) {
      throw new Error(`Cannot unregister the producer of ${this}: no producer is registered`);
    }
    this.#producer = this.#streaming = null;
  }

  /**
   * Sets {@linkcode producerState} to `"paused"`.
   *
   * @throws {Error} After `stopProducing()` and, unless `lenient` is set, after the connection was
   *   closed. A real connection ignores the call then.
   */
  pauseProducing(): void {
    this.#checkProducing("pause");
    this.#producerState = "paused";
  }

  /**
   * Sets {@linkcode producerState} to `"producing"`.
   *
   * @throws {Error} After `stopProducing()` and, unless `lenient` is set, after the connection was
   *   closed. A real connection ignores the call then.
   */
  resumeProducing(): void {
    this.#checkProducing("resume");
    this.#producerState = "producing";
  }

  /**
   * Sets {@linkcode producerState} to `"stopped"`, and calls `loseConnection()`, as a real
   * connection does. In Twisted it only sets the state.
   */
  stopProducing(): void {
    this.#producerState = "stopped";
    this.loseConnection();
  }

  setTcpNoDelay(enabled: boolean): void {
    this.#noDelay = enabled;
  }

  getTcpNoDelay(): boolean {
    return this.#noDelay;
  }

  setTcpKeepAlive(enabled: boolean, idle?: number): void {
    if (idle !== undefined) checkKeepAliveIdle("setTcpKeepAlive() idle", idle);
    this.#keepAlive = enabled;
    this.#keepAliveIdle = idle ?? null;
  }

  getTcpKeepAlive(): boolean {
    return this.#keepAlive;
  }

  get secure(): boolean {
    return this.#session !== null;
  }

  get tlsStarted(): boolean {
    return this.#tlsStarted;
  }

  get negotiatedProtocol(): string | null {
    return this.#session?.negotiatedProtocol ?? null;
  }

  getPeerCertificate(): PeerCertificate | null {
    return this.#session?.peerCertificate ?? null;
  }

  /**
   * Stores the options in {@linkcode tlsOptions}, without a check of keys and certificates, and
   * sets {@linkcode tlsStarted}. {@linkcode completeHandshake} completes the handshake.
   *
   * @throws {Error} If TLS has already started, or the writing side has been closed.
   */
  startTLS(options: StartTLSOptions): void {
    if (this.#disconnected) return;
    checkCanStartTLS(this.peerAddr, this.#tlsStarted, this.#writeDisconnecting);
    this.#tlsStarted = true;
    this.#tlsOptions = options;
  }

  #checkProducing(action: "pause" | "resume"): void {
    if (this.#producerState === "stopped") {
      throw new Error(`Cannot ${action} ${this}: it has been stopped by stopProducing()`);
    }
    const isClosing = this.#disconnecting || this.#disconnected;
    if (isClosing && !this.#isLenient) {
      throw new Error(
        `Cannot ${action} ${this}: its connection has been closed, so no data follows; ` +
          "the option lenient allows the call",
      );
    }
  }
}
