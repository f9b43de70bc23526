import { logPrefixOf } from "../defer/guarded_call.ts";
import type {
  IDelayedCall,
  IDrainableProtocol,
  IFileDescriptorReceiver,
  IHalfCloseableProtocol,
  IHandshakeListener,
  IProtocol,
  IReactorTime,
  ITransport,
  StartTLSOptions,
} from "../reactor/interfaces/mod.ts";
import {
  isDescriptorReceiver,
  isDrainable,
  isHalfCloseable,
  isHandshakeListener,
  type OptionalMethodsForwarder,
  supports,
  supportsMethod,
} from "../reactor/stream/protocol_capabilities.ts";
import { replaceProtocol, type SwitchableTransport } from "../reactor/stream/protocol_switch.ts";
import { lastSuccessor } from "../reactor/stream/successor.ts";
import { AsyncResults } from "./async_results.ts";
import { callMethod } from "./guarded_method.ts";
import { TransportWrapper } from "./policies/transport_wrapper.ts";

/**
 * A connection whose first bytes belong to a negotiation, such as the header of a proxy: it is the
 * protocol of the connection, and, when the negotiation is complete, the transport of the
 * application's protocol, which is connected only then.
 *
 * Bytes that arrived together with the last bytes of the negotiation belong to the application's
 * protocol. They are passed on as any other input: not while it has paused the connection, and to
 * the handshake if it starts TLS.
 */
export abstract class NegotiatedConnection extends TransportWrapper
  implements
    SwitchableTransport,
    OptionalMethodsForwarder,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IDrainableProtocol,
    IFileDescriptorReceiver {
  #transport: ITransport | null = null;
  /** The protocol that receives the events; `null` during the negotiation. */
  #receiver: IProtocol | null = null;
  /** The input that arrived with the end of the negotiation and was not passed on. */
  #held: Uint8Array | null = null;
  #isPaused = false;
  #deadline: IDelayedCall | null = null;

  /** Called when the connection has been made. */
  connectionMade(): void {}

  /** Called with bytes of the negotiation. */
  protected abstract negotiationReceived(data: Uint8Array): void;

  /** Called when the connection was lost before the negotiation was complete. */
  protected abstract negotiationLost(reason: Error): void;

  /** The underlying connection. */
  get transport(): ITransport {
    if (this.#transport === null) {
      throw new Error(
        `Cannot get the transport of ${this.constructor.name}: its connection has not been made`,
      );
    }
    return this.#transport;
  }

  /** Whether the connection is still in its negotiation. */
  protected get isNegotiating(): boolean {
    return this.#receiver === null;
  }

  makeConnection(transport: ITransport): void {
    this.#transport = transport;
    return this.connectionMade();
  }

  dataReceived(data: Uint8Array): void {
    const receiver = this.#receiver;
    return receiver === null ? this.negotiationReceived(data) : receiver.dataReceived(data);
  }

  connectionLost(reason: Error): void {
    this.cancelDeadline();
    this.#held = null;
    const receiver = this.#receiver;
    return receiver === null ? this.negotiationLost(reason) : receiver.connectionLost(reason);
  }

  readConnectionLost(): void {
    const receiver = this.#receiver;
    if (receiver !== null && isHalfCloseable(receiver)) return receiver.readConnectionLost();
  }

  writeConnectionLost(): void {
    const receiver = this.#receiver;
    if (receiver !== null && isHalfCloseable(receiver)) return receiver.writeConnectionLost();
  }

  handshakeCompleted(): void {
    const receiver = this.#receiver;
    if (receiver === null || !isHandshakeListener(receiver)) return;
    const result: unknown = receiver.handshakeCompleted();
    this.#follow(receiver);
    // If handshakeCompleted() is async, the result is a promise, although the interface declares
    // void.
    return result as void;
  }

  /** Ends a negotiation in progress, because its port is draining. */
  drainRequested(): void {
    const receiver = this.#receiver;
    if (receiver === null) this.transport.abortConnection();
    else if (isDrainable(receiver)) return receiver.drainRequested();
  }

  fileDescriptorReceived(fileDescriptor: number): void {
    const receiver = this.#receiver;
    if (receiver !== null && isDescriptorReceiver(receiver)) {
      return receiver.fileDescriptorReceived(fileDescriptor);
    }
  }

  override pauseProducing(): void {
    this.#isPaused = true;
    super.pauseProducing();
  }

  override resumeProducing(): void {
    this.#isPaused = false;
    if (this.#held === null) return super.resumeProducing();
    // The protocol must not receive input during its own call of this method.
    queueMicrotask(() => this.#passOnAndResume());
  }

  override startTLS(options: StartTLSOptions): void {
    const { received } = options;
    const held = this.#held;
    if (held === null) return super.startTLS(options);
    super.startTLS({
      ...options,
      received: received === undefined ? held : new Uint8Array([...received, ...held]),
    });
    this.#held = null;
  }

  override toString(): string {
    return String(this.#transport ?? this.constructor.name);
  }

  logPrefix(): string {
    return this.#receiver === null ? this.constructor.name : logPrefixOf(this.#receiver);
  }

  [supportsMethod](method: string): boolean {
    const receiver = this.#receiver;
    return receiver === null ? method === "drainRequested" : supports(receiver, method);
  }

  [replaceProtocol](protocol: IProtocol): IProtocol {
    const former = this.#receiver ?? this;
    this.#receiver = protocol;
    return former;
  }

  /**
   * Completes the negotiation: connects the application's protocol, and passes on the rest of the
   * input.
   *
   * @param protocol The protocol.
   * @param rest The bytes that arrived after the negotiation.
   */
  protected complete(protocol: IProtocol, rest: Uint8Array): void {
    this.cancelDeadline();
    this.#receiver = protocol;
    this.#held = rest.length === 0 ? null : rest;
    const results = new AsyncResults("Error while calling connectionMade");
    results.add(protocol.makeConnection(this));
    this.#follow(protocol);
    // As on every connection that begins with TLS.
    if (this.secure) results.add(this.handshakeCompleted());
    this.completed();
    results.add(this.#passOn());
    // If a method of the protocol is async, the result is a promise, although the interface
    // declares void. It is returned, so that the connection can watch for its rejection.
    return results.combined() as void;
  }

  /** Called when the application's protocol has its connection. */
  protected completed(): void {}

  /**
   * Starts the deadline of the negotiation.
   *
   * @param seconds Seconds from now; `Infinity` for no deadline.
   * @param clock The clock; `undefined` for that of the connection.
   * @param expired Called at the deadline, unless the negotiation is over.
   * @throws {Error} when there is no clock.
   */
  protected setDeadline(
    seconds: number,
    clock: IReactorTime | undefined,
    expired: () => void,
  ): void {
    if (seconds === Infinity) return;
    const own = clock ?? this.clock;
    if (own === undefined) {
      throw new Error(
        `Cannot limit the time of ${this.constructor.name}: ${this.transport} has no clock; ` +
          "pass the option clock",
      );
    }
    this.#deadline = own.callLater(seconds, () => {
      this.#deadline = null;
      expired();
    });
  }

  /** Ends the deadline. */
  protected cancelDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
  }

  /**
   * Replaces the receiver by its successor, if it names one and has not been replaced meanwhile.
   */
  #follow(receiver: IProtocol): void {
    if (this.#receiver === receiver) this.#receiver = lastSuccessor(receiver);
  }

  /** Passes on the held input, if the protocol may receive it. */
  #passOn(): void {
    const held = this.#held;
    const { connected, disconnecting } = this.transport;
    if (held === null || this.#isPaused || !connected || disconnecting) return;
    this.#held = null;
    return this.#receiver?.dataReceived(held);
  }

  #passOnAndResume(): void {
    callMethod("dataReceived", this.transport, () => this.#passOn());
    if (!this.#isPaused && this.#held === null) super.resumeProducing();
  }
}
