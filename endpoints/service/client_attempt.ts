/**
 * One attempt of a client service, from the start of connecting until its connection is lost.
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
import type {
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../../reactor/interfaces/endpoint.ts";
import { type ProtocolWrapper, wrapProtocol } from "../../reactor/stream/protocol_wrapper.ts";

/** The settings that all attempts of a service share. */
export interface ClientAttemptSettings<P extends IProtocol> {
  /** The endpoint to connect to. */
  readonly endpoint: IStreamClientEndpoint;
  /** The factory that builds the protocol. */
  readonly factory: ITypedProtocolFactory<P>;
  /** The clock that measures the timeout. */
  readonly clock: Pick<IReactorTime, "callLater">;
  /** Seconds for connecting and preparing together. */
  readonly attemptTimeout: number;
  /** Prepares a new connection, or rejects it. */
  prepareConnection(protocol: P): unknown;
}

/**
 * The events of an attempt: one of `connected` and `failed`, unless the attempt is ended before;
 * and finally `over`.
 */
export interface ClientAttemptSink<P extends IProtocol> {
  /** Called when the connection is made and prepared. */
  connected(protocol: P): void;
  /** Called when the attempt has failed. */
  failed(reason: Error): void;
  /**
   * No connection of the attempt is left. The reason is why it failed, or why its connection was
   * lost.
   */
  over(reason: Error): void;
}

/** One attempt of a client service to connect, and the connection that it makes. */
export class ClientAttempt<P extends IProtocol> {
  readonly #settings: ClientAttemptSettings<P>;
  readonly #sink: ClientAttemptSink<P>;
  /**
   * The open connections. An endpoint that tries several addresses at once may have several for a
   * moment.
   */
  readonly #open = new Map<ProtocolWrapper<P>, ITransport>();
  /** The connection that the endpoint has returned. */
  #chosen: ProtocolWrapper<P> | null = null;
  #isConnecting = true;
  #connecting: Deferred<void> | null = null;
  #preparation: Deferred<void> | null = null;
  #timer: IDelayedCall | null = null;
  /** Whether the attempt has succeeded, failed, or been ended. */
  #isSettled = false;
  #isEnded = false;
  #isOver = false;
  #reason: Error | null = null;
  #lastLoss: Error | null = null;

  /**
   * @param settings The settings of the service.
   * @param sink Receives the events, after {@linkcode begin} was called.
   */
  constructor(settings: ClientAttemptSettings<P>, sink: ClientAttemptSink<P>) {
    this.#settings = settings;
    this.#sink = sink;
  }

  /** Starts to connect. */
  begin(): void {
    const { endpoint, factory, clock, attemptTimeout } = this.#settings;
    if (attemptTimeout !== Infinity) {
      const timeOutAttempt = () => this.#timedOut(attemptTimeout);
      this.#timer = clock.callLater(attemptTimeout, timeOutAttempt);
    }
    const watching = new ForwardingFactory<ProtocolWrapper<P>>(
      factory,
      (addr) => this.#isUnwanted ? null : this.#build(addr),
    );
    const connecting = maybeDeferred(() => endpoint.connect(watching));
    this.#connecting = connecting.addCallbacks(
      (wrapper) => this.#endpointConnected(wrapper),
      (error) => this.#endpointFailed(error),
    );
    // Code that connect() called may have ended this attempt before `#connecting` was set.
    if (this.#isEnded) cancelLogged(this.#connecting);
  }

  /**
   * Ends the attempt: its connecting, its preparation and its connection. `over` follows, at once
   * or when the connection is lost.
   */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#settle();
    this.#close();
    if (this.#connecting !== null) cancelLogged(this.#connecting);
    if (this.#preparation !== null) cancelLogged(this.#preparation);
  }

  /** Whether a connection that is made now is too late. */
  get #isUnwanted(): boolean {
    return this.#isEnded || this.#isOver;
  }

  #build(addr: Address): ProtocolWrapper<P> | null {
    const protocol = buildProtocol(this.#settings.factory, addr);
    if (protocol === null) return null;
    const wrapper: ProtocolWrapper<P> = wrapProtocol(protocol, {
      making: (transport) => void this.#open.set(wrapper, transport),
      made: () => {
        // The attempt may have ended while the connection was being made. The connection is closed
        // then.
        if (this.#isUnwanted) this.#close();
      },
      lost: (reason) => this.#lost(wrapper, reason),
    });
    return wrapper;
  }

  #endpointConnected(wrapper: ProtocolWrapper<P>): void {
    this.#isConnecting = false;
    this.#chosen = wrapper;
    if (this.#isSettled) this.#close();
    else if (this.#open.has(wrapper)) this.#prepare(wrapper);
    else this.#fail(this.#lastLoss ?? new ConnectionLost());
    this.#checkOver();
  }

  #endpointFailed(error: Error): void {
    this.#isConnecting = false;
    this.#fail(error);
    this.#close();
    this.#checkOver();
  }

  #prepare(wrapper: ProtocolWrapper<P>): void {
    const settings = this.#settings;
    this.#preparation = maybeDeferred(() => settings.prepareConnection(wrapper.protocol))
      .addCallbacks(
        () => {
          if (this.#settle()) this.#sink.connected(wrapper.protocol);
        },
        (error) => {
          this.#fail(error);
          this.#close();
        },
      );
    // Code that prepareConnection() called may have ended the attempt or lost the connection before
    // `#preparation` was set.
    if (this.#isSettled) cancelLogged(this.#preparation);
  }

  #timedOut(seconds: number): void {
    const step = this.#isConnecting ? "Connecting" : "Preparing the connection";
    this.#fail(
      new ConnectTimeoutError(`${step} took longer than the attemptTimeout of ${seconds} s`),
    );
    this.end();
  }

  #lost(wrapper: ProtocolWrapper<P>, reason: Error): void {
    this.#open.delete(wrapper);
    this.#lastLoss = reason;
    if (wrapper === this.#chosen) {
      this.#fail(reason);
      if (this.#preparation !== null) cancelLogged(this.#preparation);
    }
    this.#checkOver();
  }

  /** Records the outcome. Returns false if there was one already. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    if (this.#timer?.active()) this.#timer.cancel();
    return true;
  }

  /** Reports a failure, unless the attempt has had an outcome. */
  #fail(reason: Error): void {
    if (!this.#settle()) return;
    this.#reason = reason;
    this.#sink.failed(reason);
  }

  #close(): void {
    for (const transport of [...this.#open.values()]) transport.loseConnection();
  }

  #checkOver(): void {
    if (this.#isOver || this.#isConnecting || this.#open.size > 0) return;
    this.#isOver = true;
    this.#sink.over(this.#reason ?? this.#lastLoss ?? new ConnectionLost());
  }
}
