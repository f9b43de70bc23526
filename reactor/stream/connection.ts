/**
 * The state machine of a stream connection, the same over every driver.
 *
 * It decides when bytes are written and received, when the connection closes, and for what reason.
 * It calls no system and no Deno API: its driver does. Three rules hold:
 *
 * - `connectionLost` is called exactly once and last, and never inside a call that the protocol
 *   made. If the protocol closes or aborts the connection, the loss waits for the end of the turn.
 * - One write is in flight at a time. Bytes written meanwhile collect in the write buffer.
 * - An exception in a protocol's method is logged, and loses the connection with that error as the
 *   reason.
 *
 * The semantics are those of Twisted's `tcp.Connection` and `abstract.FileDescriptor`, with two
 * differences. Every registered producer delays `loseConnection` until it is unregistered; Twisted
 * documents this, but only a part of its code does it. And when the peer closes, buffered bytes are
 * sent before `connectionLost`; Twisted drops them, so that an echo server may lose its answer to a
 * peer that sends and then closes its writing side.
 *
 * @module
 */

import { checkProducer } from "../lifecycle/argument_checks.ts";
import { type ConnectionTimeouts, watchTimeouts } from "./connection_timeouts.ts";
import { closedCleanly } from "./closed_cleanly.ts";
import {
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  WriteBufferExceeded,
} from "../errors.ts";
import type {
  IProtocol,
  IPullProducer,
  IPushProducer,
  StartTLSOptions,
  WriteOptions,
} from "../interfaces/mod.ts";
import { alreadyRegistered, ProducerRegistration } from "./producer_registration.ts";
import { isDrainable, isHalfCloseable, isHandshakeListener } from "./protocol_capabilities.ts";
import { replaceProtocol } from "./protocol_switch.ts";
import { type LingerTimer, lingerTimer } from "./linger_timer.ts";
import { ProtocolCalls } from "./protocol_calls.ts";
import { ReportingTransport } from "./reporting_transport.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionRoles } from "./connection_roles.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { lastSuccessor } from "./successor.ts";
import { checkCanStartTLS, startTLSContext } from "../tls/start_tls.ts";
import { TLSDriver } from "../tls/tls_driver.ts";
import { bufferSpoiled, checkData } from "./written_data.ts";
import { WriteBuffer } from "./write_buffer.ts";

/** One stream connection: the transport of its protocol. */
export class Connection extends ReportingTransport implements ConnectionRoles {
  readonly #owner: ConnectionOwner;
  #protocol: IProtocol;
  #lost = false;
  #disconnecting = false;
  /** Whether the connection is closing because the peer has closed it. */
  #peerClosed = false;
  /** The reason of an abort that takes effect at the end of this turn; `null` without an abort. */
  #abortReason: Error | null = null;

  #paused = false;
  /** Whether the driver is reading. */
  #reading = false;
  #readEnded = false;
  #endHeld = false;

  #buffer: WriteBuffer | null = null;
  #writing = false;
  #flushing = false;
  #taskQueued = false;
  readonly #calls: ProtocolCalls;
  #writeClosing = false;
  #writeClosed = false;
  #registration: ProducerRegistration | null = null;
  #linger: LingerTimer | null = null;
  #timeouts: ConnectionTimeouts | null = null;

  /**
   * @param owner The port or connector that made the connection. It is notified last, when the
   *   connection is lost.
   * @param driver The driver that moves the bytes.
   * @param protocol The protocol that receives the bytes.
   * @param session The number that the owner gave to the connection.
   */
  constructor(owner: ConnectionOwner, driver: StreamDriver, protocol: IProtocol, session = 0) {
    super(owner, driver, session);
    this.#owner = owner;
    this.#protocol = protocol;
    this.#calls = new ProtocolCalls(this, owner);
  }

  /**
   * Connects the protocol and starts to read.
   *
   * @param age Seconds since the connection was accepted.
   */
  open(age = 0): void {
    const { context, limits } = this.#owner;
    context.resources.add(this, this.#owner);
    this.openedAt = context.reactor.seconds();
    context.resources.traffic.opened(this, age);
    this.driver.attach(this);
    this.#timeouts = watchTimeouts(context.reactor, limits.timeouts, this);
    this.#calls.callWith("makeConnection", Connection.#makeConnection, this);
    this.#protocol = lastSuccessor(this.#protocol);
    if (this.secure) this.#handshakeCompleted();
    this.#flush();
    this.#readOn();
  }

  /** Whether the connection is open. */
  get connected(): boolean {
    return !this.#lost;
  }

  /** Whether the protocol may receive data: it is not paused, and the connection not closing. */
  get isReceptive(): boolean {
    return !this.#paused && this.#isOpen();
  }

  get unsent(): number {
    return this.#buffer?.size ?? 0;
  }

  protected get isPaused(): boolean {
    return this.#paused;
  }

  protected get isProducerPaused(): boolean {
    return this.#registration?.isPaused ?? false;
  }

  /**
   * Whether the connection is about to be lost: it is closing or aborted, or the peer has closed
   * it. In Twisted it is `false` after `abortConnection`; there a protocol that parses its input in
   * a loop cannot notice that it should stop.
   */
  get disconnecting(): boolean {
    return (this.#disconnecting || this.#abortReason !== null) && !this.#lost;
  }

  startTLS(options: StartTLSOptions): void {
    const { context, role, limits: { linger } } = this.#owner;
    const tls = startTLSContext(context.tls, role, options, this.getPeer());
    if (this.#isEnding()) return;
    checkCanStartTLS(this.getPeer(), this.tlsStarted, this.#writeClosing || this.#readEnded);
    const driver = new TLSDriver(this.driver, tls, context.reactor, {
      linger,
      plaintext: this.unsent,
      reading: this.#reading,
      noDelay: this.getTcpNoDelay(),
      timeout: context.timeout,
    });
    this.driver = driver;
    driver.attach(this);
    let isStarting = true;
    driver.start({
      handshakeCompleted: () => this.#handshakeCompleted(),
      // The handshake may fail at once. The protocol is running then, so the loss has to wait.
      handshakeFailed: (reason) => isStarting ? this.abort(reason) : this.failed(reason),
    });
    if (options.received !== undefined) driver.received(options.received);
    this.#calls.feedHeld(driver);
    if (this.#endHeld) driver.readEnded();
    this.#endHeld = isStarting = false;
  }

  // Members for writing.

  write(data: Uint8Array | string, options?: WriteOptions): void {
    checkData("write", data, options);
    if (this.#lost || this.#writeClosed || this.#abortReason !== null || data.length === 0) return;
    const buffer = this.#buffer ??= WriteBuffer.take();
    const buffered = buffer.size;
    const flushed = buffer.push(data, options);
    if (buffer.size > this.#owner.limits.writeBufferHighWater) {
      this.#overfull(buffered, buffer.size);
    }
    if (flushed !== null) this.#calls.call("flushed", flushed);
    this.#flushLater();
  }

  writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    for (const piece of pieces) this.write(piece);
  }

  loseConnection(): void {
    if (this.#lost || this.#disconnecting) return;
    this.#disconnecting = true;
    // The task is queued even while a write is pending. It starts the linger timeout, which closes
    // the connection if the peer never reads.
    if (!this.#isBusy()) this.#queueTask();
  }

  loseWriteConnection(): void {
    if (this.#lost || this.#writeClosing) return;
    this.#writeClosing = true;
    this.#flushLater();
  }

  abortConnection(reason?: Error): void {
    this.abort(reason instanceof ConnectionAborted ? reason : ConnectionAborted.because(reason));
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    if (this.#registration) throw alreadyRegistered(producer, this.#registration.producer);
    if (this.#lost || this.#peerClosed || this.#writeClosed) {
      return this.#calls.call("stopProducing", () => producer.stopProducing());
    }
    const call = this.#calls.call.bind(this.#calls);
    this.#registration = new ProducerRegistration(producer, streaming, call);
    if (streaming) return;
    this.#registration.resume();
    this.#flushLater();
  }

  unregisterProducer(): void {
    this.#registration = null;
    if (this.#disconnecting || this.#writeClosing) this.#flushLater();
  }

  // Members for receiving.

  pauseProducing(): void {
    if (this.#paused || this.#lost || this.#disconnecting) return;
    this.#paused = true;
    this.#stopReading();
  }

  resumeProducing(): void {
    if (!this.#paused || this.#lost || this.#disconnecting) return;
    this.#paused = false;
    // Reading resumes in a later microtask: the driver may deliver a chunk at once, and the
    // protocol must not receive it during its own call of resumeProducing().
    this.#queueTask();
  }

  stopProducing(): void {
    this.loseConnection();
  }

  // Methods for three callers: the reactor, the port or connector, and the driver.

  shutDown(): void {
    this.#disconnecting = true;
    // Sends the bytes that the application wrote in the reactor's last turn. As in Twisted, bytes
    // that the system does not take at once are dropped.
    this.#send();
    this.#lose(new ConnectionLost("Connection was lost: the reactor has stopped"));
    // This call also has an effect if the connection was lost earlier but its driver is still
    // closing.
    this.driver.forceClose?.();
  }

  [replaceProtocol](protocol: IProtocol): IProtocol {
    const former = this.#protocol;
    this.#protocol = protocol;
    return former;
  }

  /**
   * Calls `drainRequested` of the protocol, if that method exists, because the port is draining.
   */
  drain(): void {
    const protocol = this.#protocol;
    if (this.#isEnding() || this.#disconnecting || !isDrainable(protocol)) return;
    this.#calls.call("drainRequested", () => protocol.drainRequested());
    this.#flush();
  }

  /**
   * Aborts the connection at the end of this turn.
   *
   * @param reason The reason that `connectionLost` gets.
   */
  abort(reason: Error): void {
    if (this.#isEnding()) return;
    this.#abortReason = reason;
    this.#stopReading();
    this.#queueTask();
  }

  unref(): void {
    this.driver.unref();
  }

  received(chunk: Uint8Array): void {
    this.bytesReceived += chunk.length;
    if (!this.#isOpen()) return;
    this.#timeouts?.received();
    this.#calls.held = chunk;
    this.#deliver();
  }

  readBuffer(sizeHint: number): Uint8Array<ArrayBuffer> | null {
    return this.#isOpen() ? this.#calls.borrow(this.#protocol, sizeHint) : null;
  }

  receivedInto(buffer: Uint8Array<ArrayBuffer>, count: number): void {
    this.bytesReceived += count;
    if (!this.#isOpen()) return;
    this.#timeouts?.received();
    this.#calls.updated(this.#protocol, buffer, count);
    this.#deliver();
  }

  readEnded(): void {
    if (this.#paused && !this.#disconnecting) {
      this.#endHeld = true;
      return;
    }
    this.#readEnded = true;
    if (this.#isEnding() || this.#disconnecting) return;
    const protocol = this.#protocol;
    if (isHalfCloseable(protocol)) {
      this.#calls.call("readConnectionLost", () => protocol.readConnectionLost());
    } else {
      this.#disconnecting = this.#peerClosed = true;
      this.#stopProducer();
    }
    this.#flush();
  }

  wrote(count: number): void {
    this.bytesSent += count;
    this.#writing = false;
    const buffer = this.#buffer;
    if (this.#isEnding() || buffer === null || this.#isSpoiled(buffer)) return;
    const flushed = buffer.consume(count);
    this.#linger?.progressed();
    this.#timeouts?.wrote(buffer.size === 0);
    if (buffer.size === 0) {
      this.#buffer = null;
      buffer.release();
      this.#registration?.resume();
    }
    if (flushed !== null && !this.#isEnding()) this.#calls.call("flushed", flushed);
    this.#flush();
  }

  writeClosed(): void {
    this.#writing = false;
    if (this.#isEnding()) return;
    const protocol = this.#protocol;
    if (isHalfCloseable(protocol)) {
      this.#calls.call("writeConnectionLost", () => protocol.writeConnectionLost());
    }
    this.#flush();
  }

  failed(reason: Error): void {
    // If the application has detached the buffer of a pending write, the system reports only a bad
    // address. #isSpoiled() reports the true cause first.
    if (this.#buffer !== null) this.#isSpoiled(this.#buffer);
    // If the peer had closed its writing side before, a reset only means that the peer wants no
    // more data. The connection then counts as closed cleanly.
    this.#lose(this.#peerClosed ? new ConnectionDone(undefined, { cause: reason }) : reason);
  }

  released(): void {
    const { resources } = this.#owner.context;
    resources.traffic.released(this);
    resources.delete(this);
  }

  runMicrotask(): void {
    this.#taskQueued = false;
    if (this.#lost) return;
    if (this.#abortReason !== null) this.#lose(this.#abortReason);
    else if (!this.#paused && !this.#reading) this.#readOn();
    this.#flush();
  }

  protected receiver(): readonly [IProtocol, ProtocolCalls] {
    return [this.#protocol, this.#calls];
  }

  /** Pauses a registered producer until all bytes have been sent. */
  protected pauseProducer(): void {
    this.#registration?.pause();
  }

  // Private methods.

  static #makeConnection(connection: Connection): unknown {
    return connection.#protocol.makeConnection(connection);
  }

  /**
   * Calls the protocol's `handshakeCompleted`. Returns whether the connection is still open
   * afterwards.
   */
  #handshakeCompleted(): boolean {
    const protocol = this.#protocol;
    if (!this.#isEnding() && isHandshakeListener(protocol)) {
      this.#calls.call("handshakeCompleted", () => protocol.handshakeCompleted());
      this.#protocol = lastSuccessor(protocol);
      this.#flush();
    }
    return !this.#isEnding();
  }

  // The following are methods, because an engine calls a private getter more slowly.

  /**
   * Returns whether the protocol still wants data. A closing connection continues to read and drops
   * the data. Otherwise a peer that sends all its data before it reads would be blocked, and would
   * never receive the pending bytes.
   */
  #isOpen(): boolean {
    return !this.#isEnding() && !this.#disconnecting;
  }

  /** Returns whether the connection is lost, or will be at the end of this turn. */
  #isEnding(): boolean {
    return this.#lost || this.#abortReason !== null;
  }

  #queueTask(): void {
    if (this.#taskQueued) return;
    this.#taskQueued = true;
    this.#owner.context.microtasks.add(this);
  }

  /**
   * Sends the buffered bytes when the running method of the protocol returns, or at the end of the
   * turn.
   */
  #flushLater(): void {
    if (!this.#isBusy() && !this.#writing) this.#queueTask();
  }

  /** Sends the buffered bytes, and then closes if that was requested. */
  #flush(): void {
    this.#send();
    if (this.#isEnding() || this.#isBusy()) return;
    if (this.#disconnecting || this.#writeClosing) this.#closeIfFlushed();
  }

  /** Returns whether the running code will send the buffered bytes when it returns. */
  #isBusy(): boolean {
    return this.#calls.depth > 0 || this.#flushing;
  }

  #send(): void {
    if (this.#isBusy()) return;
    this.#flushing = true;
    // This is a loop, because a driver may take the bytes at once and call wrote() before write()
    // returns.
    while (this.#buffer !== null && !this.#writing && !this.#isEnding()) {
      if (this.#isSpoiled(this.#buffer)) break;
      this.#writing = true;
      this.#timeouts?.writing();
      this.driver.write(this.#buffer.head());
    }
    this.#flushing = false;
  }

  /**
   * Returns whether written bytes can no longer be sent, because their buffer was detached. If so,
   * aborts the connection, because the peer would miss these bytes.
   */
  #isSpoiled(buffer: WriteBuffer): boolean {
    if (buffer.spoiled > 0) this.abort(bufferSpoiled(buffer.spoiled, String(this.getPeer())));
    return buffer.spoiled > 0;
  }

  #closeIfFlushed(): void {
    const flushed = this.#buffer === null && !this.#writing && this.#registration === null;
    if (this.#disconnecting && !flushed) {
      // Waits until the peer has read all data. Aborts after the linger timeout without progress.
      if (!this.#reading) {
        this.#paused = false;
        this.#readOn();
      }
      (this.#linger ??= lingerTimer(this, this.#owner.limits.linger)).start();
    } else if (this.#disconnecting || flushed && this.#writeClosed && this.#readEnded) {
      this.#lose(closedCleanly());
    } else if (flushed && !this.#writeClosed) {
      this.#writeClosed = this.#writing = true;
      this.driver.closeWrite();
    }
  }

  #overfull(before: number, size: number): void {
    const { writeBufferLimit: limit } = this.#owner.limits;
    if (before > 0 && size > limit) {
      this.abort(new WriteBufferExceeded(before, size - before, limit, `${this.getPeer()}`));
    } else if (this.#registration?.pause() && this.#disconnecting) {
      // The producer called loseConnection() when it was paused. A task is queued, because this
      // write was not made by a method of the protocol, after which the connection would be closed
      // anyway.
      this.#queueTask();
    }
  }

  #stopProducer(): void {
    const registration = this.#registration;
    this.#registration = null;
    registration?.stop();
  }

  /**
   * Delivers the bytes that have arrived, and sends what the protocol writes in answer. The rest of
   * a chunk goes to another protocol if this one has passed on the connection meanwhile.
   */
  #deliver(): void {
    while (this.#calls.held !== null && this.isReceptive) this.#calls.deliver(this.#protocol);
    this.#flush();
  }

  /** Delivers the chunk that arrived during a pause, and then reads on. */
  #readOn(): void {
    if (this.#disconnecting) this.#calls.held = null;
    else if (this.#calls.held !== null) this.#deliver();
    // The protocol may have closed the connection when it received the held chunk. A closing
    // connection with unsent bytes is already reading.
    if (this.#paused || this.#isEnding() || this.#readEnded || this.#reading) return;
    if (this.#endHeld) {
      this.#endHeld = false;
      this.readEnded();
    } else {
      this.#reading = true;
      this.driver.startReading();
    }
  }

  #stopReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.driver.stopReading();
  }

  #lose(cause: Error): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#owner.context.resources.traffic.closed();
    // The reason of an abort by this side has priority over an error that occurs later in the same
    // turn.
    const reason = this.#abortReason ?? cause;
    this.#linger?.stop();
    this.#timeouts?.stop();
    this.#buffer?.release();
    this.#buffer = this.#calls.held = null;
    this.#stopProducer();
    if (reason instanceof ConnectionAborted) this.driver.abort();
    else this.driver.close();
    this.#calls.call("connectionLost", () => this.#protocol.connectionLost(reason));
    this.#owner.context.resources.traffic.lost(this, reason);
    this.#owner.connectionLost(this, reason);
  }
}
