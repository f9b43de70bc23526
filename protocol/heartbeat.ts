import { TimeoutError } from "../defer/errors.ts";
import { isInstance } from "../internal/foreign_value.ts";
import { ConnectionAborted, ConnectionClosed } from "../reactor/errors.ts";
import type { IDelayedCall, IReactorTime, ITransport } from "../reactor/interfaces/mod.ts";
import { isThenable, logUserError, whenSettled } from "../defer/guarded_call.ts";
import { checkDelay, checkFunction, checkInteger } from "../internal/validation.ts";

/** How a {@linkcode Heartbeat} goes. */
export interface HeartbeatOptions {
  /** Seconds of silence after which the peer is asked for a sign of life. */
  interval: number;
  /**
   * Asks: sends the protocol's own PING, an empty frame, or any message that the peer answers. A protocol with a {@linkcode RequestQueue} or a
   * {@linkcode KeyedRequestQueue} makes it a request like the others, and returns its Deferred. That a request is not answered, or is lost with
   * its connection, is not logged: this is what the heartbeat reports. Any other failure is.
   */
  send: () => unknown;
  /**
   * How many times in a row the peer may be asked without a byte from it, before the connection is aborted.
   *
   * @default {2}
   */
  maxMissed?: number | undefined;
}

/** A connection was aborted because nothing came from the peer, although it was asked. */
export class HeartbeatTimeout extends ConnectionAborted {
  /** For how many seconds nothing came, as measured. */
  readonly silence: number;
  /** How many times the peer was asked in vain. */
  readonly missed: number;

  /**
   * Makes the error.
   *
   * @param silence For how many seconds nothing came.
   * @param missed How many times the peer was asked in vain.
   * @param address The peer.
   */
  constructor(silence: number, missed: number, address: string) {
    super(
      `Connection to ${address} was aborted: nothing came for ${
        Number(silence.toFixed(3))
      } s, though it was asked ${missed === 1 ? "once" : `${missed} times`}`,
      { code: "ETIMEDOUT", address },
    );
    this.silence = silence;
    this.missed = missed;
  }
}

/**
 * Finds out that a peer is dead, though its connection is open: a machine that lost its power closes nothing.
 *
 * Any byte from the peer is a sign of life; it is only asked when there was none for a while. When it has been asked too often in vain, the
 * connection is aborted, and the protocol's `connectionLost` gets a {@linkcode HeartbeatTimeout}. (TCP's own keep-alive finds a dead peer as
 * well, after two hours unless the system is told otherwise, and not one whose program hangs. `idleTimeout` ends a connection on which both
 * sides are content to be silent.)
 *
 * Answers that come in order come behind those to earlier requests. There, `interval` times `maxMissed + 1` has to be longer than the peer may
 * take for any request.
 *
 * A pause of this process is not taken for the peer's: it looks once more for what has come meanwhile before it gives up. While this side has
 * paused the transport, or the peer has closed its half, nothing can come: {@linkcode stop} it for that time.
 *
 * {@linkcode stop} it in `connectionLost`, too. Where that is left out, it notes at its next beat that the connection is gone, and ends; until
 * then a timed call is left.
 *
 * Twisted has no such thing; each client writes its own.
 *
 * @example A client that asks in order, where the answer to its PING is one of the answers
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
 *     // A request like the others: sent past the queue, its answer would be taken for another's.
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
  /** Beats since the peer's last byte: for each it is asked, then comes a last look, then the end. */
  #beats = 0;
  /** When the last byte came, or it was started. Known from the first beat on. */
  #heard = 0;

  /**
   * Makes one that does not beat yet.
   *
   * @param clock What measures the silence: the reactor, or a test's `Clock`.
   * @param transport The connection.
   * @param options How it goes.
   * @throws {RangeError | TypeError} when an option is out of range.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater" | "seconds">,
    transport: ITransport,
    options: HeartbeatOptions,
  ) {
    const { interval, send, maxMissed = 2 } = options;
    checkDelay("Heartbeat interval", interval);
    if (interval === 0) {
      throw new RangeError("Heartbeat interval must be more than 0 seconds, got 0");
    }
    checkFunction("Heartbeat send", send);
    checkInteger("Heartbeat maxMissed", maxMissed, 1, Number.MAX_SAFE_INTEGER);
    this.#clock = clock;
    this.#transport = transport;
    this.#interval = interval;
    this.#send = send;
    this.#maxMissed = maxMissed;
  }

  /** How many times the peer has been asked since its last byte. */
  get missed(): number {
    return Math.min(this.#beats, this.#maxMissed);
  }

  /** Begins to listen for signs of life, from now on. */
  start(): void {
    this.stop();
    this.#beats = 0;
    this.#beatIn(this.#interval);
  }

  /** Something came from the peer. Before the start and after the stop, this does nothing. */
  alive(): void {
    this.#beats = 0;
    this.#call?.reset(this.#interval);
  }

  /** Asks no more, and leaves no timed call. It can be started again. */
  stop(): void {
    if (this.#call?.active()) this.#call.cancel();
    this.#call = null;
  }

  /** {@linkcode stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #beatIn(seconds: number): void {
    const call: IDelayedCall = this.#clock.callLater(seconds, () => this.#beat(call.getTime()));
    this.#call = call;
  }

  /** @param due When this beat should have been, on the clock. */
  #beat(due: number): void {
    this.#call = null;
    if (!this.#transport.connected || this.#transport.disconnecting) return;
    if (this.#beats === 0) this.#heard = due - this.#interval;
    this.#beats++;
    if (this.#beats <= this.#maxMissed) {
      // Before it is asked: what throws there is logged, and the peer is asked again.
      this.#beatIn(this.#interval);
      this.#ask();
      return;
    }
    if (this.#beats > this.#maxMissed + 1) return this.#giveUp();
    // When this process stood still, what came meanwhile has not been read yet: timed calls may come before it.
    const late = Math.max(0, this.#clock.seconds() - due);
    this.#beatIn(Math.min(late, this.#interval));
  }

  #ask(): void {
    try {
      const asked: unknown = this.#send();
      if (isThenable(asked)) whenSettled(asked, () => {}, (error) => this.#notAnswered(error));
    } catch (error) {
      this.#logFailure(error);
    }
  }

  /** The next beats find out whether the peer is dead. */
  #notAnswered(error: unknown): void {
    const isExpected = isInstance(error, TimeoutError) || isInstance(error, ConnectionClosed);
    if (!isExpected) this.#logFailure(error);
  }

  #logFailure(error: unknown): void {
    logUserError(error, `While calling send of a Heartbeat for ${this.#transport.getPeer()}`);
  }

  #giveUp(): void {
    const peer = String(this.#transport.getPeer());
    const silence = this.#clock.seconds() - this.#heard;
    this.#transport.abortConnection(new HeartbeatTimeout(silence, this.#maxMissed, peer));
  }
}
