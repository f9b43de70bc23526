import { TimeoutError } from "../defer/errors.ts";
import { isInstance } from "../internal/foreign_value.ts";
import { ConnectionAborted, ConnectionClosed } from "../reactor/errors.ts";
import type { IDelayedCall, IReactorTime, ITransport } from "../reactor/interfaces/mod.ts";
import { isThenable, logUserError, whenSettled } from "../defer/guarded_call.ts";
import { checkFunction, checkInteger, checkPeriod } from "../internal/validation.ts";
import { RequestQueueFull } from "./request_failures.ts";

/**
 * The failures of a heartbeat that a dead peer causes. The queue of a peer that answers no request
 * fills up.
 */
const EXPECTED = [TimeoutError, ConnectionClosed, RequestQueueFull];

/** Options of a {@linkcode Heartbeat}. */
export interface HeartbeatOptions {
  /** Seconds without a byte from the peer after which a heartbeat is sent; more than 0. */
  interval: number;
  /**
   * Sends a heartbeat: the PING of the protocol, an empty frame, or any message that the peer
   * answers.
   *
   * With a {@linkcode RequestQueue} or a {@linkcode KeyedRequestQueue}, send the PING as a request
   * and return its Deferred. A timeout, a `RequestQueueFull` or the loss of the connection is then
   * not logged, because the heartbeat itself reports a dead peer. Any other failure is logged.
   */
  send: () => unknown;
  /**
   * Heartbeats in a row that the peer may leave unanswered, at least 1. One interval after the last
   * of them, the connection is aborted.
   *
   * @default {2}
   */
  maxMissed?: number | undefined;
}

/**
 * The reason of a connection that a {@linkcode Heartbeat} aborted, because the peer sent nothing
 * although heartbeats were sent to it.
 */
export class HeartbeatTimeout extends ConnectionAborted {
  /** Seconds since the last byte from the peer, as measured. */
  readonly silence: number;
  /** The number of heartbeats that the peer left unanswered. */
  readonly missed: number;

  /**
   * Creates the error.
   *
   * @param silence Seconds since the last byte from the peer.
   * @param missed The number of heartbeats that the peer left unanswered.
   * @param address The peer's address.
   */
  constructor(silence: number, missed: number, address: string) {
    super(
      `Connection to ${address} was aborted: the peer sent nothing for ${
        Number(silence.toFixed(3))
      } s and left ${missed === 1 ? "1 heartbeat" : `${missed} heartbeats`} unanswered`,
      { code: "ETIMEDOUT", address },
    );
    this.silence = silence;
    this.missed = missed;
  }
}

/**
 * Detects that a peer is dead although its connection is open: a machine that lost its power, or a
 * program that hangs, closes nothing.
 *
 * A heartbeat is sent when no byte has arrived from the peer for `interval` seconds. Any byte
 * counts as a sign of life. When the peer has left `maxMissed` heartbeats in a row unanswered, the
 * connection is aborted, and the protocol's `connectionLost` receives a
 * {@linkcode HeartbeatTimeout}. (TCP's keep-alive also detects a dead machine, by default after two
 * hours, but not a program that hangs. `idleTimeout` closes a connection on which both sides are
 * content to be silent.)
 *
 * When answers arrive in the order of the requests, a PING must be sent as a request: a queue would
 * match its answer with the oldest request otherwise. The answer to a PING then comes after those
 * to earlier requests. Choose `interval` and `maxMissed` so that `interval * (maxMissed + 1)` is
 * longer than the slowest answer takes.
 *
 * A pause of this process does not count as silence of the peer: data that arrived meanwhile is
 * read before the connection is aborted. While this side has paused the transport, or the peer has
 * closed its half of the connection, no byte can arrive: call {@linkcode stop} for that time.
 *
 * Call {@linkcode stop} in `connectionLost`. Otherwise one timed call stays pending until the next
 * interval ends, when the heartbeat notices that the connection is gone.
 *
 * Twisted has no such class; each client writes its own.
 *
 * @example A client whose answers arrive in order, those to its PINGs included
 * ```ts
 * import {
 *   type Deferred,
 *   Heartbeat,
 *   type IReactorTime,
 *   LineReceiver,
 *   RequestQueue,
 * } from "@torsion/reactor";
 *
 * class Client extends LineReceiver {
 *   readonly #clock: IReactorTime;
 *   readonly #requests: RequestQueue<string, string>;
 *   #heartbeat: Heartbeat | null = null;
 *
 *   constructor(clock: IReactorTime) {
 *     super();
 *     this.#clock = clock;
 *     this.#requests = new RequestQueue((line) => this.sendLine(line), { clock, timeout: 5 });
 *   }
 *
 *   ask(question: string): Deferred<string> {
 *     return this.#requests.request(question);
 *   }
 *
 *   override connectionMade() {
 *     // Sent as a request, so that its answer is not taken for the answer to another request.
 *     const send = () => this.ask("PING");
 *     this.#heartbeat = new Heartbeat(this.#clock, this.transport, { interval: 30, send });
 *     this.#heartbeat.start();
 *   }
 *
 *   override dataReceived(data: Uint8Array) {
 *     this.#heartbeat?.alive();
 *     super.dataReceived(data);
 *   }
 *
 *   override textReceived(line: string) {
 *     if (line.startsWith("-")) this.#requests.fail(new Error(line.slice(1)));
 *     else this.#requests.answer(line);
 *   }
 *
 *   override connectionLost(reason: Error) {
 *     this.#heartbeat?.stop();
 *     this.#requests.connectionLost(reason);
 *   }
 * }
 * ```
 */
export class Heartbeat implements Disposable {
  readonly #clock: Pick<IReactorTime, "callLater" | "seconds">;
  readonly #transport: ITransport;
  readonly #interval: number;
  readonly #send: () => unknown;
  readonly #maxMissed: number;
  #call: IDelayedCall | null = null;
  /**
   * Intervals since the peer's last byte. Each of the first `maxMissed` sends a heartbeat; then one
   * more read is awaited; then the connection is aborted.
   */
  #beats = 0;
  /**
   * When the last byte arrived, or the heartbeat was started, by the clock. Set at the first
   * interval's end.
   */
  #lastByteAt = 0;

  /**
   * Creates a heartbeat that has not started.
   *
   * @param clock The clock that measures the silence: the reactor, or a test's `Clock`.
   * @param transport The connection.
   * @param options The interval, and the function that sends a heartbeat.
   * @throws {RangeError} when `interval` or `maxMissed` is out of range.
   * @throws {TypeError} when `send` is not a function.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater" | "seconds">,
    transport: ITransport,
    options: HeartbeatOptions,
  ) {
    const { interval, send, maxMissed = 2 } = options;
    checkPeriod("Heartbeat interval", interval);
    checkFunction("Heartbeat send", send);
    checkInteger("Heartbeat maxMissed", maxMissed, 1, Number.MAX_SAFE_INTEGER);
    this.#clock = clock;
    this.#transport = transport;
    this.#interval = interval;
    this.#send = send;
    this.#maxMissed = maxMissed;
  }

  /** The number of heartbeats sent since the peer's last byte. */
  get missed(): number {
    return Math.min(this.#beats, this.#maxMissed);
  }

  /** Starts to measure the silence, from now on. */
  start(): void {
    this.stop();
    this.#beats = 0;
    this.#beatIn(this.#interval);
  }

  /**
   * Records a sign of life. Call it in `dataReceived`. Has no effect while the heartbeat is
   * stopped.
   */
  alive(): void {
    this.#beats = 0;
    this.#call?.reset(this.#interval);
  }

  /** Stops the heartbeat, and cancels its timed call. {@linkcode start} starts it again. */
  stop(): void {
    if (this.#call?.active()) this.#call.cancel();
    this.#call = null;
  }

  /** Stops the heartbeat, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #beatIn(seconds: number): void {
    const beatHeartbeat = () => this.#beat(call.getTime());
    const call: IDelayedCall = this.#clock.callLater(seconds, beatHeartbeat);
    this.#call = call;
  }

  /** @param due When this call was due, by the clock. */
  #beat(due: number): void {
    this.#call = null;
    if (!this.#transport.connected || this.#transport.disconnecting) return;
    if (this.#beats === 0) this.#lastByteAt = due - this.#interval;
    this.#beats++;
    if (this.#beats <= this.#maxMissed) {
      // The next heartbeat is scheduled before send() is called. If send() throws, the error is
      // logged, and the heartbeat continues.
      this.#beatIn(this.#interval);
      this.#sendHeartbeat();
      return;
    }
    if (this.#beats > this.#maxMissed + 1) return this.#abort();
    // After the process was suspended, timed calls may run before data that arrived meanwhile. The
    // heartbeat waits for as long as this call was late, at most one interval, before it aborts the
    // connection.
    const late = Math.max(0, this.#clock.seconds() - due);
    this.#beatIn(Math.min(late, this.#interval));
  }

  #sendHeartbeat(): void {
    try {
      const result: unknown = this.#send();
      if (isThenable(result)) {
        whenSettled(result, () => {}, (error) => this.#heartbeatFailed(error));
      }
    } catch (error) {
      this.#logFailure(error);
    }
  }

  /** Logs a failed heartbeat, except where the later intervals report the dead peer. */
  #heartbeatFailed(error: unknown): void {
    const isExpected = EXPECTED.some((each) => isInstance(error, each));
    if (!isExpected) this.#logFailure(error);
  }

  #logFailure(error: unknown): void {
    logUserError(error, `Error while calling send of a Heartbeat for ${this.#transport.getPeer()}`);
  }

  #abort(): void {
    const peer = String(this.#transport.getPeer());
    const silence = this.#clock.seconds() - this.#lastByteAt;
    this.#transport.abortConnection(new HeartbeatTimeout(silence, this.#maxMissed, peer));
  }
}
