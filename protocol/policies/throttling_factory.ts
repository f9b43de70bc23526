import { checkBound, checkRate } from "../../internal/validation.ts";
import { FailureCounter } from "../../log/failure_counter.ts";
import * as log from "../../log/mod.ts";
import { checkProducer } from "../../reactor/lifecycle/argument_checks.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type {
  Address,
  IProtocol,
  IPullProducer,
  IPushProducer,
  WriteOptions,
} from "../../reactor/interfaces/mod.ts";
import { callMethod } from "../guarded_method.ts";
import { ProtocolWrapper } from "./protocol_wrapper.ts";
import { RefusalLog } from "./refusal_log.ts";
import { Throttle } from "./throttle.ts";
import {
  type ThrottledProducer,
  ThrottledPullProducer,
  ThrottledPushProducer,
} from "./throttled_producer.ts";
import { type TimedPolicyOptions, type TimerClock, timerClock } from "./timer_clock.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

const encoder = new TextEncoder();

/** Options of a {@linkcode ThrottlingFactory}. */
export interface ThrottlingFactoryOptions extends TimedPolicyOptions {
  /**
   * The number of connections that may be open at the same time, at least 1. A further connection
   * is closed at once.
   *
   * @default {Infinity}
   */
  maxConnectionCount?: number | undefined;
  /**
   * The number of bytes per second that all connections together read, on average.
   *
   * @default {Infinity}
   */
  readLimit?: number | undefined;
  /**
   * The number of bytes per second that all connections together write, on average.
   *
   * @default {Infinity}
   */
  writeLimit?: number | undefined;
}

/**
 * A connection of a {@linkcode ThrottlingFactory}. Twisted's `ThrottlingProtocol`.
 *
 * @typeParam P The wrapped protocol.
 */
export class ThrottlingProtocol<P extends IProtocol = IProtocol>
  extends ProtocolWrapper<P, ThrottlingFactory<P>> {
  #producer: ThrottledProducer | null = null;
  /** Whether the wrapped protocol has paused the connection. */
  #isPaused = false;
  /** Whether this policy holds back the input. */
  #isInputHeld = false;

  /** Holds back the new connection if a limit is exceeded. */
  override connectionMade(): void {
    this.updateHolds();
  }

  /** Counts the bytes that were read, and passes them on. */
  override dataReceived(data: Uint8Array): void {
    this.factory.registerRead(data.length);
    return super.dataReceived(data);
  }

  /** Writes the data, and counts its bytes. */
  override write(data: Uint8Array | string, options?: WriteOptions): void {
    // A string is encoded here, because the limit is in bytes.
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    super.write(bytes, options);
    this.factory.registerWritten(bytes.length);
  }

  /** Writes the pieces, and counts their bytes. */
  override writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = Array.from(
      data,
      (piece) => typeof piece === "string" ? encoder.encode(piece) : piece,
    );
    super.writeSequence(pieces);
    this.factory.registerWritten(pieces.reduce((sum, { length }) => sum + length, 0));
  }

  /** Registers the producer, which is paused while the limit for writing is exceeded. */
  override registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    checkProducer(producer, streaming);
    // The cast is safe: the interface requires a push producer if `streaming` is true.
    const throttled = streaming
      ? new ThrottledPushProducer(producer as IPushProducer)
      : new ThrottledPullProducer(producer, this.factory.areWritesThrottled);
    super.registerProducer(throttled, streaming);
    this.#producer = throttled;
    this.updateHolds();
  }

  /** Removes the producer, and holds back or releases the input, as the limits require. */
  override unregisterProducer(): void {
    this.#producer = null;
    super.unregisterProducer();
    this.updateHolds();
  }

  /** Pauses the connection, unless its input is already held back. */
  override pauseProducing(): void {
    this.#isPaused = true;
    if (!this.#isInputHeld) this.transport.pauseProducing();
  }

  /** Resumes the connection, or lets it resume when its input is no longer held back. */
  override resumeProducing(): void {
    this.#isPaused = false;
    if (!this.#isInputHeld) this.transport.resumeProducing();
  }

  /** Holds back or releases both directions, as the factory requires. Called by the factory. */
  updateHolds(): void {
    const { areReadsThrottled, areWritesThrottled } = this.factory;
    const producer = this.#producer;
    if (producer !== null) {
      const method = areWritesThrottled ? "pauseProducing" : "resumeProducing";
      callMethod(method, this.transport, () => producer.hold(areWritesThrottled));
    }
    // A protocol without a producer usually writes in answer to what it reads.
    this.#holdInput(areReadsThrottled || areWritesThrottled && this.#producer === null);
  }

  #holdInput(isHeld: boolean): void {
    const { transport } = this;
    if (isHeld === this.#isInputHeld || !transport.connected) return;
    this.#isInputHeld = isHeld;
    if (!this.#isPaused && !transport.disconnecting) {
      if (isHeld) transport.pauseProducing();
      else transport.resumeProducing();
    }
    callMethod("inputHeld", transport, () => this.inputHeld(isHeld));
  }
}

/**
 * Limits the rate at which all connections together read and write, and their number. Twisted's
 * `ThrottlingFactory`.
 *
 * Above the limit for reading, the connections are paused until the rate is within it: the peers'
 * bytes wait in the system, and then at the peers. Above the limit for writing, the producers are
 * paused, and a connection without a producer is not read, because most protocols write in answer
 * to what they read. What a protocol writes all the same is sent.
 *
 * The bytes of one second may pass at once after a quiet time. In Twisted, the rate is checked once
 * a second, and any number of bytes may pass in between. The connections of one factory must belong
 * to one reactor.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts
 * import { Factory, Protocol, ThrottlingFactory } from "@torsion/reactor/protocol";
 *
 * const factory = new ThrottlingFactory(Factory.forProtocol(Protocol), {
 *   maxConnectionCount: 1000,
 *   readLimit: 10_000_000,
 *   writeLimit: 10_000_000,
 * });
 * ```
 */
export class ThrottlingFactory<P extends IProtocol = IProtocol>
  extends WrappingFactory<P, ThrottlingProtocol<P>> {
  /** The number of open connections. */
  connectionCount = 0;
  /** The number of connections that may be open at the same time. */
  maxConnectionCount: number;
  /** The limit for reading, in bytes per second. */
  readonly readLimit: number;
  /** The limit for writing, in bytes per second. */
  readonly writeLimit: number;
  /** The clock; `null` until the first connection, unless it was given. */
  clock: TimerClock | null;
  readonly #reads: Throttle | null;
  readonly #writes: Throttle | null;
  readonly #refusals = new RefusalLog();

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param options The limits, and the clock.
   * @throws {RangeError | TypeError} when a limit is out of range.
   */
  constructor(wrappedFactory: ITypedProtocolFactory<P>, options: ThrottlingFactoryOptions = {}) {
    super(wrappedFactory);
    const { maxConnectionCount = Infinity, readLimit = Infinity, writeLimit = Infinity } = options;
    checkBound("maxConnectionCount", maxConnectionCount, 1);
    checkRate("readLimit", readLimit);
    checkRate("writeLimit", writeLimit);
    this.maxConnectionCount = maxConnectionCount;
    this.readLimit = readLimit;
    this.writeLimit = writeLimit;
    this.clock = options.clock ?? null;
    this.#reads = readLimit === Infinity ? null : this.#throttle("reads", readLimit);
    this.#writes = writeLimit === Infinity ? null : this.#throttle("writes", writeLimit);
  }

  /** Whether the connections are not read, because the limit is exceeded. */
  get areReadsThrottled(): boolean {
    return this.#reads?.isHeld ?? false;
  }

  /** Whether the producers are paused, because the limit is exceeded. */
  get areWritesThrottled(): boolean {
    return this.#writes?.isHeld ?? false;
  }

  /**
   * Counts bytes that a connection has read.
   *
   * @param length The number of bytes.
   */
  registerRead(length: number): void {
    if (this.#reads !== null) this.#reads.add(this.#requiredClock(), length);
  }

  /**
   * Counts bytes that a connection has written.
   *
   * @param length The number of bytes.
   */
  registerWritten(length: number): void {
    if (this.#writes !== null) this.#writes.add(this.#requiredClock(), length);
  }

  /**
   * Builds and wraps a protocol, or refuses the connection if the limit is reached.
   *
   * @throws {RangeError | TypeError} when {@linkcode maxConnectionCount} is out of range.
   */
  override buildProtocol(addr: Address): ThrottlingProtocol<P> | null {
    const limit = this.maxConnectionCount;
    checkBound("maxConnectionCount", limit, 1);
    if (this.connectionCount < limit) return super.buildProtocol(addr);
    this.#refusals.refused(
      addr,
      `the connection limit of ${limit} (maxConnectionCount) is reached`,
    );
    return null;
  }

  /** Makes the {@linkcode ThrottlingProtocol} of a protocol. */
  override wrapProtocol(protocol: P): ThrottlingProtocol<P> {
    return new ThrottlingProtocol(this, protocol);
  }

  /** Counts the connection, uses its clock if there is no other yet, and checks the rates. */
  override registerProtocol(wrapper: ThrottlingProtocol<P>): void {
    super.registerProtocol(wrapper);
    this.connectionCount++;
    if (this.#reads === null && this.#writes === null) return;
    this.clock ??= timerClock(
      `limit the rate of ${this.constructor.name}`,
      null,
      wrapper.transport,
    );
    // The bytes of connections that have closed meanwhile count as well.
    this.#reads?.add(this.clock, 0);
    this.#writes?.add(this.clock, 0);
  }

  /** Counts the connection as closed, and stops the timers if it was the last one. */
  override unregisterProtocol(wrapper: ThrottlingProtocol<P>): void {
    super.unregisterProtocol(wrapper);
    if (--this.connectionCount > 0) return;
    this.#reads?.stop();
    this.#writes?.stop();
  }

  #requiredClock(): TimerClock {
    return timerClock(`limit the rate of ${this.constructor.name}`, this.clock, null);
  }

  #throttle(what: "reads" | "writes", limit: number): Throttle {
    const counter = new FailureCounter();
    return new Throttle(limit, (isHeld) => {
      if (isHeld && counter.add()) {
        const { size } = this.protocols;
        log.msg(`Throttling ${what} of ${size} connections to ${limit} bytes per second${counter}`);
      }
      for (const wrapper of [...this.protocols]) wrapper.updateHolds();
    });
  }
}
