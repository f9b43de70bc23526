/**
 * A stream connection: one state machine above every driver.
 *
 * It decides when bytes are written and received, when the connection ends, and with what reason. It knows no system call and no
 * Deno API; the driver beneath it does. Three rules keep it straight:
 *
 * - `connectionLost` is called exactly once, last, and never from within a call that the protocol made: ends that the
 *   protocol asks for wait for the end of the turn.
 * - One write is under way at a time. What is written meanwhile gathers in the write buffer.
 * - What a protocol's method throws is logged, and loses the connection with that error as the reason.
 *
 * Semantics are those of Twisted's `tcp.Connection` and `abstract.FileDescriptor`, but for two. A producer holds `loseConnection`
 * back until it is unregistered, as Twisted's documentation has it and only some of its code. And when the peer closes, what was
 * written is still sent before `connectionLost`: Twisted drops it, so that an echo may be lost to a peer that sends, closes its
 * writing side and reads on.
 *
 * @module
 */

import { checkProducer } from "../lifecycle/argument_checks.ts";
import { callWithSystem, enterSystem, leaveSystem } from "../../log/context.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { ConnectionTimeouts } from "./connection_timeouts.ts";
import type { MicrotaskTask } from "../lifecycle/microtask_queue.ts";
import {
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  ConnectionTimeout,
  LingerTimeout,
  UnsupportedError,
  WriteBufferExceeded,
} from "../errors.ts";
import type {
  Address,
  IDelayedCall,
  IProtocol,
  IPullProducer,
  IPushProducer,
  ITransport,
  PeerCertificate,
  StartTLSOptions,
  WriteOptions,
} from "../interfaces/mod.ts";
import { type CallProducer, ProducerRegistration } from "./producer_registration.ts";
import { isDrainable, isHalfCloseable, isHandshakeListener } from "./protocol_capabilities.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import type { StreamDriver, StreamDriverSink } from "./stream_driver.ts";
import { startTLSContext } from "../tls/start_tls.ts";
import { TLSDriver } from "../tls/tls_driver.ts";
import type { TLSSession } from "../tls/tls_engine.ts";
import {
  asError,
  callGuarded,
  logPrefixOf,
  logUserError,
  onRejection,
} from "../../defer/guarded_call.ts";
import { checkKeepAliveIdle, quote } from "../../internal/validation.ts";
import { bufferSpoiled, checkData } from "./written_data.ts";
import { WriteBuffer } from "./write_buffer.ts";

/** What made the connection: a port or a connector. */
export interface ConnectionOwner {
  /** What the reactor lends. */
  readonly host: ConnectionContext;
  /** The bounds of each connection. */
  readonly limits: ConnectionLimits;
  /** Which side of a handshake it is by default: `"client"` if it opens connections. */
  readonly role?: "client" | "server";
  /** What follows the protocol's name in the log: `3,127.0.0.1` on a server, `client`. */
  logSuffix(connection: Connection): string;
  /** What the log calls a method of the protocol, where that only passes the call on. */
  methodName?(method: string): string;
  /** The protocol has been told that the connection is lost. */
  connectionLost(connection: Connection, reason: Error): void;
}

/** One connection. The transport that its protocol gets. */
export class Connection implements ITransport, StreamDriverSink, ReactorResource, MicrotaskTask {
  readonly #owner: ConnectionOwner;
  #driver: StreamDriver;
  readonly #protocol: IProtocol;
  /** The number that its owner gave it. */
  readonly session: number;
  #lost = false;
  #disconnecting = false;
  /** Whether it is disconnecting because the peer has closed. */
  #peerClosed = false;
  /** Why the connection ends at the end of this turn, if it does. */
  #abortReason: Error | null = null;

  #paused = false;
  /** Whether the driver has been asked to read. */
  #reading = false;
  #readEnded = false;
  /** What came after `pauseProducing`. */
  #held: Uint8Array | null = null;
  #endHeld = false;

  #buffer: WriteBuffer | null = null;
  #writing = false;
  #flushing = false;
  #taskQueued = false;
  /** How many calls of the protocol's methods are under way: their writes leave when the last returns. */
  #callDepth = 0;
  #writeClosing = false;
  #writeClosed = false;
  #registration: ProducerRegistration | null = null;
  #lingerCall: IDelayedCall | null = null;
  #timeouts: ConnectionTimeouts | null = null;
  #noDelay = false;
  #keepAlive: boolean;

  /**
   * @param owner What made it, and is told at the end.
   * @param driver What moves the bytes.
   * @param protocol What gets them.
   * @param session The number that its owner gave it.
   */
  constructor(owner: ConnectionOwner, driver: StreamDriver, protocol: IProtocol, session = 0) {
    this.#owner = owner;
    this.#driver = driver;
    this.#protocol = protocol;
    this.session = session;
    this.#keepAlive = driver.keepsAlive ?? false;
  }

  /** Tells the protocol, and begins to receive. */
  open(): void {
    this.#owner.host.resources.add(this);
    this.#driver.attach(this);
    this.#startTimeouts();
    this.#call("makeConnection", () => this.#protocol.makeConnection(this));
    if (this.secure) this.#handshakeCompleted();
    this.#flush();
    this.#readOn();
  }

  /** Whether the connection is open. */
  get connected(): boolean {
    return !this.#lost;
  }

  /**
   * Whether the connection is about to be lost: it is being closed or aborted, or the peer has closed. In Twisted an abort does not
   * show here; a protocol that takes its input apart in a loop could not tell that it should stop.
   */
  get disconnecting(): boolean {
    return (this.#disconnecting || this.#abortReason !== null) && !this.#lost;
  }

  /** See {@linkcode ITransport.getPeer}. */
  getPeer(): Address {
    return this.#driver.getPeer();
  }

  /** See {@linkcode ITransport.getHost}. */
  getHost(): Address {
    return this.#driver.getHost();
  }

  /** See {@linkcode ITransport.setTcpNoDelay}. */
  setTcpNoDelay(enabled: boolean): void {
    this.#noDelay = enabled;
    if (!this.#lost) this.#driver.setNoDelay?.(enabled);
  }

  /** See {@linkcode ITransport.getTcpNoDelay}. */
  getTcpNoDelay(): boolean {
    return this.#noDelay;
  }

  /** See {@linkcode ITransport.setTcpKeepAlive}. */
  setTcpKeepAlive(enabled: boolean, idle?: number): void {
    if (idle !== undefined) this.#checkKeepAliveIdle(idle);
    this.#keepAlive = enabled;
    if (this.#lost) return;
    if (enabled && idle !== undefined) this.#driver.setKeepAliveIdle?.(idle);
    else this.#driver.setKeepAlive?.(enabled);
  }

  /** See {@linkcode ITransport.getTcpKeepAlive}. */
  getTcpKeepAlive(): boolean {
    return this.#keepAlive;
  }

  /** See `ITLSTransport.secure`. */
  get secure(): boolean {
    return this.#session !== null;
  }

  /** See `ITLSTransport.tlsStarted`. */
  get tlsStarted(): boolean {
    return this.#driver.session !== undefined;
  }

  /** See `ITLSTransport.negotiatedProtocol`. */
  get negotiatedProtocol(): string | null {
    return this.#session?.negotiatedProtocol ?? null;
  }

  /** See `ITLSTransport.getPeerCertificate`. */
  getPeerCertificate(): PeerCertificate | null {
    return this.#session?.peerCertificate ?? null;
  }

  /** See `ITLSTransport.startTLS`. */
  startTLS(options: StartTLSOptions): void {
    const { host, role, limits: { linger } } = this.#owner;
    const context = startTLSContext(host.tls, role, options, this.getPeer());
    if (this.#isEnding) return;
    if (this.tlsStarted) {
      throw new Error(`Cannot start TLS with ${this.getPeer()}: it has been started already`);
    }
    if (this.#writeClosing || this.#readEnded) {
      throw new Error(`Cannot start TLS with ${this.getPeer()}: one side has been closed already`);
    }
    const driver = new TLSDriver(this.#driver, context, host.reactor, {
      linger,
      plaintext: this.#buffer?.size ?? 0,
      reading: this.#reading,
      noDelay: this.#noDelay,
    });
    this.#driver = driver;
    driver.attach(this);
    driver.start({
      handshakeCompleted: () => this.#handshakeCompleted(),
      handshakeFailed: (reason) => this.failed(reason),
    });
    if (options.received !== undefined) driver.received(options.received);
    this.#feedHeld(driver);
  }

  /** The protocol's name, and which of its connections this is. */
  logPrefix(): string {
    return `${logPrefixOf(this.#protocol)},${this.#owner.logSuffix(this)}`;
  }

  // Writing.

  /** See {@linkcode ITransport.write}. */
  write(data: Uint8Array | string, options?: WriteOptions): void {
    checkData("write", data);
    if (this.#lost || this.#writeClosed || this.#abortReason !== null || data.length === 0) return;
    const buffer = this.#buffer ??= WriteBuffer.take();
    const buffered = buffer.size;
    if (typeof data === "string") buffer.pushString(data);
    else buffer.push(data, options?.transfer);
    if (buffer.size > this.#owner.limits.writeBufferHighWater) {
      this.#overfull(buffered, buffer.size);
    }
    this.#flushLater();
  }

  /** See {@linkcode ITransport.writeSequence}. */
  writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    for (const piece of pieces) this.write(piece);
  }

  /** See {@linkcode ITransport.loseConnection}. */
  loseConnection(): void {
    if (this.#lost || this.#disconnecting) return;
    this.#disconnecting = true;
    // Also when a write is under way: its peer may never read, and then only the linger time ends it.
    if (!this.#isBusy) this.#queueTask();
  }

  /** See {@linkcode ITransport.loseWriteConnection}. */
  loseWriteConnection(): void {
    if (this.#lost || this.#writeClosing) return;
    this.#writeClosing = true;
    this.#flushLater();
  }

  /** See {@linkcode ITransport.abortConnection}. */
  abortConnection(reason?: Error): void {
    this.abort(reason instanceof ConnectionAborted ? reason : ConnectionAborted.because(reason));
  }

  /** See `IConsumer.registerProducer`. */
  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    if (this.#registration !== null) {
      throw new Error(
        `Cannot register the producer ${quote(producer)}: ${
          quote(this.#registration.producer)
        } has not been unregistered`,
      );
    }
    if (this.#lost || this.#peerClosed || this.#writeClosed) {
      this.#call("stopProducing", () => producer.stopProducing());
      return;
    }
    const call: CallProducer = (method, f) => this.#call(method, f);
    const registration = new ProducerRegistration(producer, streaming, call);
    this.#registration = registration;
    if (streaming) return;
    registration.resume();
    this.#flushLater();
  }

  /** See `IConsumer.unregisterProducer`. */
  unregisterProducer(): void {
    this.#registration = null;
    if (this.#disconnecting || this.#writeClosing) this.#flushLater();
  }

  // Receiving.

  /** See {@linkcode ITransport.pauseProducing}. */
  pauseProducing(): void {
    if (this.#paused || this.#lost || this.#disconnecting) return;
    this.#paused = true;
    this.#stopReading();
  }

  /** See {@linkcode ITransport.resumeProducing}. */
  resumeProducing(): void {
    if (!this.#paused || this.#lost || this.#disconnecting) return;
    this.#paused = false;
    // A driver may have something at once; the protocol gets it when the running code has returned.
    this.#queueTask();
  }

  /** See {@linkcode ITransport.stopProducing}. */
  stopProducing(): void {
    this.loseConnection();
  }

  // What the reactor and the driver tell.

  /** See {@linkcode ReactorResource.shutDown}. */
  shutDown(): void {
    this.#disconnecting = true;
    // A goodbye written in the turn that stopped the reactor. What the system does not take at once is dropped, as in Twisted.
    this.#send();
    this.#lose(new ConnectionLost("Connection was lost: the reactor has stopped"));
    // Also where it was lost before, and its driver is still at work.
    this.#driver.forceClose?.();
  }

  /** Whether `owner` made it. */
  isOf(owner: ConnectionOwner): boolean {
    return this.#owner === owner;
  }

  /** Tells a protocol that wants to know that its port is drained. */
  drain(): void {
    const protocol = this.#protocol;
    if (this.#isEnding || this.#disconnecting || !isDrainable(protocol)) return;
    this.#call("drainRequested", () => protocol.drainRequested());
    this.#flush();
  }

  /** Ends the connection with this turn, for a reason that is not the protocol's: a bound was reached, say. */
  abort(reason: Error): void {
    if (this.#isEnding) return;
    this.#abortReason = reason;
    this.#stopReading();
    this.#queueTask();
  }

  /** See {@linkcode ReactorResource.unref}. */
  unref(): void {
    this.#driver.unref();
  }

  /** See {@linkcode StreamDriverSink.received}. */
  received(chunk: Uint8Array): void {
    // A closing connection goes on reading, into nothing: a peer that sends before it reads would otherwise never read.
    if (this.#isEnding || this.#disconnecting) return;
    this.#timeouts?.received();
    if (this.#paused) {
      this.#held = chunk;
      return;
    }
    const previous = enterSystem(this);
    this.#callDepth++;
    try {
      const result: unknown = this.#protocol.dataReceived(chunk);
      if (result !== undefined) {
        const failed = (error: unknown): void => this.#protocolFailed("dataReceived", error);
        onRejection(result, failed, "calling dataReceived");
      }
    } catch (error) {
      this.#protocolFailed("dataReceived", error);
    } finally {
      this.#callDepth--;
      leaveSystem(previous);
    }
    this.#flush();
  }

  /** See {@linkcode StreamDriverSink.readEnded}. */
  readEnded(): void {
    if (this.#paused && !this.#disconnecting) {
      this.#endHeld = true;
      return;
    }
    this.#readEnded = true;
    if (this.#isEnding || this.#disconnecting) return;
    const protocol = this.#protocol;
    if (isHalfCloseable(protocol)) {
      this.#call("readConnectionLost", () => protocol.readConnectionLost());
    } else {
      this.#disconnecting = this.#peerClosed = true;
      this.#stopProducer();
    }
    this.#flush();
  }

  /** See {@linkcode StreamDriverSink.wrote}. */
  wrote(count: number): void {
    this.#writing = false;
    const buffer = this.#buffer;
    if (this.#isEnding || buffer === null || this.#isSpoiled(buffer)) return;
    buffer.consume(count);
    this.#lingerCall?.reset(this.#owner.limits.linger);
    this.#timeouts?.wrote(buffer.size === 0);
    if (buffer.size === 0) {
      this.#buffer = null;
      buffer.release();
      this.#registration?.resume();
    }
    this.#flush();
  }

  /** See {@linkcode StreamDriverSink.writeClosed}. */
  writeClosed(): void {
    this.#writing = false;
    if (this.#isEnding) return;
    const protocol = this.#protocol;
    if (isHalfCloseable(protocol)) {
      this.#call("writeConnectionLost", () => protocol.writeConnectionLost());
    }
    this.#flush();
  }

  /** See {@linkcode StreamDriverSink.failed}. */
  failed(reason: Error): void {
    // The system cannot read memory that has gone, and reports a bad address.
    if (this.#buffer !== null) this.#isSpoiled(this.#buffer);
    // A peer that closed before it broke has closed: it did not care for what was left.
    this.#lose(this.#peerClosed ? new ConnectionDone(undefined, { cause: reason }) : reason);
  }

  /** See {@linkcode StreamDriverSink.released}. */
  released(): void {
    this.#owner.host.resources.delete(this);
  }

  /** See {@linkcode MicrotaskTask.microtasks}. */
  microtasks(): void {
    this.#taskQueued = false;
    if (this.#lost) return;
    if (this.#abortReason !== null) this.#lose(this.#abortReason);
    else if (!this.#paused && !this.#reading) this.#readOn();
    this.#flush();
  }

  // Inside.

  get #session(): TLSSession | null {
    return this.#driver.session ?? null;
  }

  /** What came and was not delivered is the handshake's: it came after the last that the protocol has seen. */
  #feedHeld(driver: TLSDriver): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) driver.received(held);
    if (this.#endHeld) driver.readEnded();
    this.#endHeld = false;
  }

  /** @returns whether the connection goes on. */
  #handshakeCompleted(): boolean {
    const protocol = this.#protocol;
    if (!this.#isEnding && isHandshakeListener(protocol)) {
      this.#call("handshakeCompleted", () => protocol.handshakeCompleted());
      this.#flush();
    }
    return !this.#isEnding;
  }

  #checkKeepAliveIdle(idle: number): void {
    checkKeepAliveIdle("setTcpKeepAlive() idle", idle);
    if (this.#driver.setKeepAliveIdle === undefined) {
      throw new UnsupportedError(
        `Cannot set the keep-alive idle time of the connection to ${this.getPeer()}: listen or connect over TCP with { keepAlive: ${idle} }`,
      );
    }
  }

  /** Whether the connection is lost, or will be when the turn ends. */
  get #isEnding(): boolean {
    return this.#lost || this.#abortReason !== null;
  }

  #queueTask(): void {
    if (this.#taskQueued) return;
    this.#taskQueued = true;
    this.#owner.host.microtasks.add(this);
  }

  /** Flushes when the running code returns: at the end of the protocol's method, or of the turn. */
  #flushLater(): void {
    if (!this.#isBusy && !this.#writing) this.#queueTask();
  }

  /** Sends what waits, and when nothing does, closes what was asked to be closed. */
  #flush(): void {
    this.#send();
    const isClosing = this.#disconnecting || this.#writeClosing;
    if (isClosing && !this.#isEnding && !this.#isBusy) this.#closeIfFlushed();
  }

  /** Whether what runs now will flush when it returns. */
  get #isBusy(): boolean {
    return this.#callDepth > 0 || this.#flushing;
  }

  #send(): void {
    if (this.#isBusy) return;
    this.#flushing = true;
    // A driver may take the bytes, and call wrote(), before its write() returns.
    while (this.#buffer !== null && !this.#writing && !this.#isEnding) {
      if (this.#isSpoiled(this.#buffer)) break;
      this.#writing = true;
      this.#timeouts?.writing();
      this.#driver.write(this.#buffer.head());
    }
    this.#flushing = false;
  }

  /** Whether bytes that were written cannot be sent any more. The connection ends then: its peer would miss them. */
  #isSpoiled(buffer: WriteBuffer): boolean {
    const { spoiled } = buffer;
    if (spoiled > 0) this.abort(bufferSpoiled(spoiled, String(this.getPeer())));
    return spoiled > 0;
  }

  #closeIfFlushed(): void {
    const flushed = this.#buffer === null && !this.#writing && this.#registration === null;
    if (this.#disconnecting) {
      if (flushed) this.#lose(new ConnectionDone());
      else this.#waitForPeer();
    } else if (flushed && !this.#writeClosed) {
      this.#writeClosed = this.#writing = true;
      this.#driver.closeWrite();
    } else if (flushed && this.#readEnded) {
      this.#lose(new ConnectionDone());
    }
  }

  /** Closing takes as long as the peer takes to read, but no longer than the linger time without progress. */
  #waitForPeer(): void {
    if (!this.#reading) {
      this.#paused = false;
      this.#readOn();
    }
    const { linger } = this.#owner.limits;
    if (this.#lingerCall !== null || linger === Infinity) return;
    this.#lingerCall = this.#owner.host.reactor.callLater(linger, () => this.#lingered());
  }

  #lingered(): void {
    this.#lingerCall = null;
    this.abort(
      new LingerTimeout(this.#buffer?.size ?? 0, this.#owner.limits.linger, String(this.getPeer())),
    );
  }

  #startTimeouts(): void {
    const { host: { reactor }, limits: { timeouts } } = this.#owner;
    if (timeouts === null) return;
    this.#timeouts = new ConnectionTimeouts(reactor, timeouts, (which, seconds) => {
      this.abort(new ConnectionTimeout(which, seconds, String(this.getPeer())));
    });
  }

  #overfull(before: number, size: number): void {
    if (before > 0 && size > this.#owner.limits.writeBufferLimit) {
      this.abort(
        new WriteBufferExceeded(
          before,
          size - before,
          this.#owner.limits.writeBufferLimit,
          String(this.getPeer()),
        ),
      );
    } else if (this.#registration?.pause() && this.#disconnecting) {
      // It has closed the connection, in the middle of a write of code that is none of the protocol's methods.
      this.#queueTask();
    }
  }

  #stopProducer(): void {
    const registration = this.#registration;
    this.#registration = null;
    registration?.stop();
  }

  /** Delivers what was held back, then what comes. */
  #readOn(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.received(held);
    // A connection that was closed meanwhile, with something unsent, reads already.
    if (this.#paused || this.#isEnding || this.#readEnded || this.#reading) return;
    if (this.#endHeld) {
      this.#endHeld = false;
      this.readEnded();
    } else {
      this.#reading = true;
      this.#driver.startReading();
    }
  }

  #stopReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#driver.stopReading();
  }

  #lose(cause: Error): void {
    if (this.#lost) return;
    this.#lost = true;
    // What this side asked for first is the reason, whatever happens in the rest of the turn.
    const reason = this.#abortReason ?? cause;
    if (this.#lingerCall?.active()) this.#lingerCall.cancel();
    this.#timeouts?.stop();
    this.#buffer?.release();
    this.#buffer = this.#held = this.#lingerCall = null;
    this.#stopProducer();
    if (reason instanceof ConnectionAborted) this.#driver.abort();
    else this.#driver.close();
    this.#call("connectionLost", () => this.#protocol.connectionLost(reason));
    this.#owner.connectionLost(this, reason);
  }

  /** Calls a method that others wrote. */
  #call(method: string, f: () => unknown): void {
    const previous = enterSystem(this);
    this.#callDepth++;
    try {
      callGuarded(f, (error) => this.#protocolFailed(method, error), method);
    } finally {
      this.#callDepth--;
      leaveSystem(previous);
    }
  }

  #protocolFailed(method: string, error: unknown): void {
    this.abort(asError(error));
    // A promise is rejected outside of the call that returned it: the log is told again whose it was.
    const name = this.#owner.methodName?.(method) ?? method;
    callWithSystem(this, () => logUserError(error, `While calling ${name}`));
  }
}
