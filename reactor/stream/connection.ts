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
import { enterSystem, leaveSystem } from "../../log/context.ts";
import { type ConnectionTimeouts, watchTimeouts } from "./connection_timeouts.ts";
import type { MicrotaskTask } from "../lifecycle/microtask_queue.ts";
import {
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  LingerTimeout,
  WriteBufferExceeded,
} from "../errors.ts";
import type {
  IProtocol,
  IPullProducer,
  IPushProducer,
  ITransport,
  StartTLSOptions,
  WriteOptions,
} from "../interfaces/mod.ts";
import {
  alreadyRegistered,
  type CallProducer,
  ProducerRegistration,
} from "./producer_registration.ts";
import { isDrainable, isHalfCloseable, isHandshakeListener } from "./protocol_capabilities.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import { LingerTimer } from "./linger_timer.ts";
import { ProtocolCalls } from "./protocol_calls.ts";
import { SocketAttributes } from "./socket_attributes.ts";
import type { ConnectionOwner, OwnedConnection } from "./connection_owner.ts";
import type { StreamDriver, StreamDriverSink } from "./stream_driver.ts";
import { lastSuccessor } from "./successor.ts";
import { checkCanStartTLS, startTLSContext } from "../tls/start_tls.ts";
import { TLSDriver } from "../tls/tls_driver.ts";
import { asError, logPrefixOf, onRejection } from "../../defer/guarded_call.ts";
import { bufferSpoiled, checkData } from "./written_data.ts";
import { WriteBuffer } from "./write_buffer.ts";

/** One connection. The transport that its protocol gets. */
export class Connection extends SocketAttributes
  implements OwnedConnection, ITransport, StreamDriverSink, ReactorResource, MicrotaskTask {
  readonly #owner: ConnectionOwner;
  #protocol: IProtocol;
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
  readonly #calls: ProtocolCalls;
  #writeClosing = false;
  #writeClosed = false;
  #registration: ProducerRegistration | null = null;
  #linger: LingerTimer | null = null;
  #timeouts: ConnectionTimeouts | null = null;

  /**
   * @param owner What made it, and is told at the end.
   * @param driver What moves the bytes.
   * @param protocol What gets them.
   * @param session The number that its owner gave it.
   */
  constructor(owner: ConnectionOwner, driver: StreamDriver, protocol: IProtocol, session = 0) {
    super(driver);
    this.#owner = owner;
    this.#protocol = protocol;
    this.session = session;
    this.#calls = new ProtocolCalls(
      this,
      (method) => owner.methodName?.(method) ?? method,
      (error) => this.abort(asError(error)),
    );
  }

  /** Tells the protocol, and begins to receive. */
  open(): void {
    const { host, limits } = this.#owner;
    host.resources.add(this);
    this.driver.attach(this);
    this.#timeouts = watchTimeouts(host.reactor, limits.timeouts, this);
    this.#calls.call("makeConnection", () => this.#protocol.makeConnection(this));
    this.#protocol = lastSuccessor(this.#protocol);
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

  startTLS(options: StartTLSOptions): void {
    const { host, role, limits: { linger } } = this.#owner;
    const context = startTLSContext(host.tls, role, options, this.getPeer());
    if (this.#isEnding) return;
    checkCanStartTLS(this.getPeer(), this.tlsStarted, this.#writeClosing || this.#readEnded);
    const driver = new TLSDriver(this.driver, context, host.reactor, {
      linger,
      plaintext: this.#buffer?.size ?? 0,
      reading: this.#reading,
      noDelay: this.getTcpNoDelay(),
    });
    this.driver = driver;
    driver.attach(this);
    driver.start({
      handshakeCompleted: () => this.#handshakeCompleted(),
      handshakeFailed: (reason) => this.failed(reason),
    });
    if (options.received !== undefined) driver.received(options.received);
    this.#feedHeld(driver);
  }

  /**
   * The connection for a log: `connection from 127.0.0.1:53412`, `connection to 127.0.0.1:80 (closing)`,
   * `connection to 127.0.0.1:80 (closed)`.
   */
  override toString(): string {
    const direction = this.#owner.role === "client" ? "to" : "from";
    const state = this.#lost ? " (closed)" : this.disconnecting ? " (closing)" : "";
    return `connection ${direction} ${this.getPeer()}${state}`;
  }

  /** The protocol's name, and which of its connections this is. */
  logPrefix(): string {
    return `${logPrefixOf(this.#protocol)},${this.#owner.logSuffix(this)}`;
  }

  // Writing.

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

  writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    for (const piece of pieces) this.write(piece);
  }

  loseConnection(): void {
    if (this.#lost || this.#disconnecting) return;
    this.#disconnecting = true;
    // Also when a write is under way: its peer may never read, and then only the linger time ends it.
    if (!this.#isBusy) this.#queueTask();
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
    if (this.#registration !== null) {
      throw alreadyRegistered(producer, this.#registration.producer);
    }
    if (this.#lost || this.#peerClosed || this.#writeClosed) {
      this.#calls.call("stopProducing", () => producer.stopProducing());
      return;
    }
    const call: CallProducer = (method, f) => this.#calls.call(method, f);
    const registration = new ProducerRegistration(producer, streaming, call);
    this.#registration = registration;
    if (streaming) return;
    registration.resume();
    this.#flushLater();
  }

  unregisterProducer(): void {
    this.#registration = null;
    if (this.#disconnecting || this.#writeClosing) this.#flushLater();
  }

  // Receiving.

  pauseProducing(): void {
    if (this.#paused || this.#lost || this.#disconnecting) return;
    this.#paused = true;
    this.#stopReading();
  }

  resumeProducing(): void {
    if (!this.#paused || this.#lost || this.#disconnecting) return;
    this.#paused = false;
    // A driver may have something at once; the protocol gets it when the running code has returned.
    this.#queueTask();
  }

  stopProducing(): void {
    this.loseConnection();
  }

  // What the reactor and the driver tell.

  shutDown(): void {
    this.#disconnecting = true;
    // A goodbye written in the turn that stopped the reactor. What the system does not take at once is dropped, as in Twisted.
    this.#send();
    this.#lose(new ConnectionLost("Connection was lost: the reactor has stopped"));
    // Also where it was lost before, and its driver is still at work.
    this.driver.forceClose?.();
  }

  /** Whether `owner` made it. */
  isOf(owner: ConnectionOwner): boolean {
    return this.#owner === owner;
  }

  /** Tells a protocol that wants to know that its port is drained. */
  drain(): void {
    const protocol = this.#protocol;
    if (this.#isEnding || this.#disconnecting || !isDrainable(protocol)) return;
    this.#calls.call("drainRequested", () => protocol.drainRequested());
    this.#flush();
  }

  /** Ends the connection with this turn, for a reason that is not the protocol's: a bound was reached, say. */
  abort(reason: Error): void {
    if (this.#isEnding) return;
    this.#abortReason = reason;
    this.#stopReading();
    this.#queueTask();
  }

  unref(): void {
    this.driver.unref();
  }

  received(chunk: Uint8Array): void {
    // A closing connection goes on reading, into nothing: a peer that sends before it reads would otherwise never read.
    if (this.#isEnding || this.#disconnecting) return;
    this.#timeouts?.received();
    if (this.#paused) {
      this.#held = chunk;
      return;
    }
    const previous = enterSystem(this);
    this.#calls.depth++;
    try {
      const result: unknown = this.#protocol.dataReceived(chunk);
      if (result !== undefined) {
        const failed = (error: unknown): void => this.#calls.failed("dataReceived", error);
        onRejection(result, failed, "calling dataReceived");
      }
    } catch (error) {
      this.#calls.failed("dataReceived", error);
    } finally {
      this.#calls.depth--;
      leaveSystem(previous);
    }
    this.#flush();
  }

  readEnded(): void {
    if (this.#paused && !this.#disconnecting) {
      this.#endHeld = true;
      return;
    }
    this.#readEnded = true;
    if (this.#isEnding || this.#disconnecting) return;
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
    this.#writing = false;
    const buffer = this.#buffer;
    if (this.#isEnding || buffer === null || this.#isSpoiled(buffer)) return;
    buffer.consume(count);
    this.#linger?.progressed();
    this.#timeouts?.wrote(buffer.size === 0);
    if (buffer.size === 0) {
      this.#buffer = null;
      buffer.release();
      this.#registration?.resume();
    }
    this.#flush();
  }

  writeClosed(): void {
    this.#writing = false;
    if (this.#isEnding) return;
    const protocol = this.#protocol;
    if (isHalfCloseable(protocol)) {
      this.#calls.call("writeConnectionLost", () => protocol.writeConnectionLost());
    }
    this.#flush();
  }

  failed(reason: Error): void {
    // The system cannot read memory that has gone, and reports a bad address.
    if (this.#buffer !== null) this.#isSpoiled(this.#buffer);
    // A peer that closed before it broke has closed: it did not care for what was left.
    this.#lose(this.#peerClosed ? new ConnectionDone(undefined, { cause: reason }) : reason);
  }

  released(): void {
    this.#owner.host.resources.delete(this);
  }

  microtasks(): void {
    this.#taskQueued = false;
    if (this.#lost) return;
    if (this.#abortReason !== null) this.#lose(this.#abortReason);
    else if (!this.#paused && !this.#reading) this.#readOn();
    this.#flush();
  }

  // Inside.

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
      this.#calls.call("handshakeCompleted", () => protocol.handshakeCompleted());
      this.#protocol = lastSuccessor(protocol);
      this.#flush();
    }
    return !this.#isEnding;
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
    return this.#calls.depth > 0 || this.#flushing;
  }

  #send(): void {
    if (this.#isBusy) return;
    this.#flushing = true;
    // A driver may take the bytes, and call wrote(), before its write() returns.
    while (this.#buffer !== null && !this.#writing && !this.#isEnding) {
      if (this.#isSpoiled(this.#buffer)) break;
      this.#writing = true;
      this.#timeouts?.writing();
      this.driver.write(this.#buffer.head());
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
      this.driver.closeWrite();
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
    const { host: { reactor }, limits: { linger } } = this.#owner;
    this.#linger ??= new LingerTimer(reactor, linger, () => {
      this.abort(new LingerTimeout(this.#buffer?.size ?? 0, linger, String(this.getPeer())));
    });
    this.#linger.start();
  }

  #overfull(before: number, size: number): void {
    const { writeBufferLimit: limit } = this.#owner.limits;
    if (before > 0 && size > limit) {
      this.abort(new WriteBufferExceeded(before, size - before, limit, `${this.getPeer()}`));
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
    // What this side asked for first is the reason, whatever happens in the rest of the turn.
    const reason = this.#abortReason ?? cause;
    this.#linger?.stop();
    this.#timeouts?.stop();
    this.#buffer?.release();
    this.#buffer = this.#held = null;
    this.#stopProducer();
    if (reason instanceof ConnectionAborted) this.driver.abort();
    else this.driver.close();
    this.#calls.call("connectionLost", () => this.#protocol.connectionLost(reason));
    this.#owner.connectionLost(this, reason);
  }
}
