/**
 * One attempt of a client service, from the dial to the loss of its connection.
 *
 * @module
 */

import { cancelLogged } from "../../defer/cancel_all.ts";
import { type Deferred, maybeDeferred } from "../../defer/mod.ts";
import { ConnectionLost, ConnectTimeoutError } from "../../reactor/errors.ts";
import { buildProtocol } from "../../reactor/stream/factory_calls.ts";
import type {
  Address,
  IDelayedCall,
  IProtocol,
  IReactorTime,
  ITransport,
} from "../../reactor/interfaces/mod.ts";
import { ForwardingFactory } from "../../reactor/stream/forwarding_factory.ts";
import type { IStreamClientEndpoint, ITypedProtocolFactory } from "../interfaces.ts";
import { type ProtocolWrapper, wrapProtocol } from "../protocol_wrapper.ts";

/** What all attempts of a service have in common. */
export interface ClientAttemptSettings<P extends IProtocol> {
  /** Where it connects to. */
  readonly endpoint: IStreamClientEndpoint;
  /** What makes the protocol. */
  readonly factory: ITypedProtocolFactory<P>;
  /** Measures the timeout. */
  readonly clock: Pick<IReactorTime, "callLater">;
  /** Seconds for the dial and the preparation together. */
  readonly attemptTimeout: number;
  /** Makes a new connection fit for use, or rejects it. */
  prepareConnection(protocol: P): unknown;
}

/** Who is told: of one of `connected` and `failed`, unless the attempt is ended before, and of `over`, which is the last. */
export interface ClientAttemptSink<P extends IProtocol> {
  /** The connection is there, and prepared. */
  connected(protocol: P): void;
  /** It came to nothing. */
  failed(reason: Error): void;
  /** Nothing is left of it. The reason is why it failed, or why the connection was lost. */
  over(reason: Error): void;
}

/** One attempt. */
export class ClientAttempt<P extends IProtocol> {
  readonly #settings: ClientAttemptSettings<P>;
  readonly #sink: ClientAttemptSink<P>;
  /** What is open. An endpoint that dials several addresses at once may have several for a moment. */
  readonly #open = new Map<ProtocolWrapper<P>, ITransport>();
  /** The connection that the dial came to. */
  #chosen: ProtocolWrapper<P> | null = null;
  #isDialling = true;
  #dial: Deferred<void> | null = null;
  #preparation: Deferred<void> | null = null;
  #timer: IDelayedCall | null = null;
  /** Whether it has succeeded, failed, or been ended. */
  #isSettled = false;
  #isEnded = false;
  #isOver = false;
  #reason: Error | null = null;
  #lastLoss: Error | null = null;

  /**
   * @param settings What all attempts have in common.
   * @param sink Who is told, not before {@linkcode begin}.
   */
  constructor(settings: ClientAttemptSettings<P>, sink: ClientAttemptSink<P>) {
    this.#settings = settings;
    this.#sink = sink;
  }

  /** Dials. */
  begin(): void {
    const { endpoint, factory, clock, attemptTimeout } = this.#settings;
    if (attemptTimeout !== Infinity) {
      this.#timer = clock.callLater(attemptTimeout, () => this.#timedOut(attemptTimeout));
    }
    const watching = new ForwardingFactory<ProtocolWrapper<P>>(
      factory,
      (addr) => this.#isUnwanted ? null : this.#build(addr),
    );
    const dial = maybeDeferred(() => endpoint.connect(watching));
    this.#dial = dial.addCallbacks(
      (relay) => this.#dialled(relay),
      (error) => this.#dialFailed(error),
    );
    // It may have been ended by what connect() called.
    if (this.#isEnded) cancelLogged(this.#dial);
  }

  /** Ends it: the dial, the preparation, the connection. `over` follows, at once or when the connection is lost. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#settle();
    this.#close();
    if (this.#dial !== null) cancelLogged(this.#dial);
    if (this.#preparation !== null) cancelLogged(this.#preparation);
  }

  /** Whether a connection that is made now comes too late. */
  get #isUnwanted(): boolean {
    return this.#isEnded || this.#isOver;
  }

  #build(addr: Address): ProtocolWrapper<P> | null {
    const protocol = buildProtocol(this.#settings.factory, addr);
    if (protocol === null) return null;
    const relay: ProtocolWrapper<P> = wrapProtocol(protocol, {
      making: (transport) => void this.#open.set(relay, transport),
      made: () => {
        // It was not to be stopped any more.
        if (this.#isUnwanted) this.#close();
      },
      lost: (reason) => this.#lost(relay, reason),
    });
    return relay;
  }

  #dialled(relay: ProtocolWrapper<P>): void {
    this.#isDialling = false;
    this.#chosen = relay;
    if (this.#isSettled) this.#close();
    else if (this.#open.has(relay)) this.#prepare(relay);
    else this.#fail(this.#lastLoss ?? new ConnectionLost());
    this.#checkOver();
  }

  #dialFailed(error: Error): void {
    this.#isDialling = false;
    this.#fail(error);
    this.#close();
    this.#checkOver();
  }

  #prepare(relay: ProtocolWrapper<P>): void {
    const settings = this.#settings;
    this.#preparation = maybeDeferred(() => settings.prepareConnection(relay.protocol))
      .addCallbacks(
        () => {
          if (this.#settle()) this.#sink.connected(relay.protocol);
        },
        (error) => {
          this.#fail(error);
          this.#close();
        },
      );
    // It may have ended or lost the connection itself.
    if (this.#isSettled) cancelLogged(this.#preparation);
  }

  #timedOut(seconds: number): void {
    const what = this.#isDialling ? "Connecting" : "Preparing the connection";
    this.#fail(new ConnectTimeoutError(`${what} took longer than the ${seconds} s of an attempt`));
    this.end();
  }

  #lost(relay: ProtocolWrapper<P>, reason: Error): void {
    this.#open.delete(relay);
    this.#lastLoss = reason;
    if (relay === this.#chosen) {
      this.#fail(reason);
      if (this.#preparation !== null) cancelLogged(this.#preparation);
    }
    this.#checkOver();
  }

  /** Decides what becomes of it. @returns whether that was still open. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    if (this.#timer?.active()) this.#timer.cancel();
    return true;
  }

  /** What fails after it is settled has been told to, by being ended or losing its connection. */
  #fail(reason: Error): void {
    if (!this.#settle()) return;
    this.#reason = reason;
    this.#sink.failed(reason);
  }

  #close(): void {
    for (const transport of [...this.#open.values()]) transport.loseConnection();
  }

  #checkOver(): void {
    if (this.#isOver || this.#isDialling || this.#open.size > 0) return;
    this.#isOver = true;
    this.#sink.over(this.#reason ?? this.#lastLoss ?? new ConnectionLost());
  }
}
