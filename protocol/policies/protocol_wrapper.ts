import { callLogged, classNameOf, logPrefixOf } from "../../defer/guarded_call.ts";
import { AsyncResults } from "../async_results.ts";
import type {
  IDrainableProtocol,
  IFileDescriptorReceiver,
  IHalfCloseableProtocol,
  IHandshakeListener,
  IProtocol,
  ITransport,
} from "../../reactor/interfaces/mod.ts";
import {
  isDescriptorReceiver,
  isDrainable,
  isHalfCloseable,
  isHandshakeListener,
  type OptionalMethodsForwarder,
  supports,
  supportsMethod,
} from "../../reactor/stream/protocol_capabilities.ts";
import { replaceProtocol, type SwitchableTransport } from "../../reactor/stream/protocol_switch.ts";
import { lastSuccessor } from "../../reactor/stream/successor.ts";
import { TransportWrapper } from "./transport_wrapper.ts";

/** The factory of a {@linkcode ProtocolWrapper}: it keeps track of the open connections. */
export interface WrapperOwner {
  /** Called when the connection of a wrapper is made. */
  registerProtocol(wrapper: ProtocolWrapper): void;
  /** Called when the connection of a wrapper is lost. */
  unregisterProtocol(wrapper: ProtocolWrapper): void;
}

/**
 * Stands between a connection and a protocol: it is the protocol of the connection, and the
 * transport of the wrapped protocol. Twisted's `twisted.protocols.policies.ProtocolWrapper`.
 *
 * By default it forwards every call in both directions. A subclass overrides the methods that its
 * policy is about, and calls `super`. A {@linkcode WrappingFactory} makes the wrappers.
 *
 * The methods that not every protocol has, such as those of half-close, are called only if the
 * wrapped protocol has them, or the subclass overrides them.
 *
 * @typeParam P The wrapped protocol.
 * @typeParam F The factory that made the wrapper.
 *
 * @example Count the bytes that a server receives
 * ```ts
 * import { Factory, Protocol, ProtocolWrapper, WrappingFactory } from "@torsion/reactor/protocol";
 *
 * class Counting extends ProtocolWrapper<Protocol, CountingFactory> {
 *   override dataReceived(data: Uint8Array) {
 *     this.factory.received += data.length;
 *     return super.dataReceived(data);
 *   }
 * }
 *
 * class CountingFactory extends WrappingFactory<Protocol, Counting> {
 *   received = 0;
 *
 *   override wrapProtocol(protocol: Protocol) {
 *     return new Counting(this, protocol);
 *   }
 * }
 *
 * const factory = new CountingFactory(Factory.forProtocol(Protocol));
 * ```
 */
export class ProtocolWrapper<
  P extends IProtocol = IProtocol,
  F extends WrapperOwner = WrapperOwner,
> extends TransportWrapper
  implements
    SwitchableTransport,
    OptionalMethodsForwarder,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IDrainableProtocol,
    IFileDescriptorReceiver {
  /** The factory that made this wrapper. */
  readonly factory: F;
  /** The wrapped protocol. Twisted sets it to `None` when the connection is lost. */
  readonly wrappedProtocol: P;
  /** The protocol that receives the events: the wrapped protocol, or one that has replaced it. */
  #receiver: IProtocol;
  #transport: ITransport | null = null;
  #isRegistered = false;
  /** Whether the receiver has its connection. */
  #isMade = false;

  /**
   * Creates a wrapper that has no connection yet.
   *
   * @param factory The factory, which is notified when the connection is made and lost.
   * @param wrappedProtocol The protocol.
   */
  constructor(factory: F, wrappedProtocol: P) {
    super();
    this.factory = factory;
    this.wrappedProtocol = wrappedProtocol;
    this.#receiver = wrappedProtocol;
  }

  /**
   * The connection, or the wrapper that stands between the connection and this one.
   *
   * @throws {Error} before the connection is made.
   */
  get transport(): ITransport {
    if (this.#transport === null) {
      throw new Error(
        `Cannot get the transport of ${this.constructor.name}: its connection has not been made`,
      );
    }
    return this.#transport;
  }

  /** Connects the wrapped protocol, with this wrapper as its transport. Called by the reactor. */
  makeConnection(transport: ITransport): void {
    this.#transport = transport;
    this.#isRegistered = true;
    const results = new AsyncResults("Error while calling makeConnection");
    results.add(this.factory.registerProtocol(this));
    results.add(this.connectionMade());
    const receiver = this.#receiver;
    this.#isMade = true;
    results.add(receiver.makeConnection(this));
    this.#follow(receiver);
    // If connectionMade() is async, the result is a promise, although the interface declares void.
    // It is returned, so that the caller can watch for its rejection.
    return results.combined() as void;
  }

  /** Called when the connection has been made, before the wrapped protocol is connected. */
  connectionMade(): void {}

  dataReceived(data: Uint8Array): void {
    return this.#receiver.dataReceived(data);
  }

  connectionLost(reason: Error): void {
    if (this.#isRegistered) {
      this.#isRegistered = false;
      const unregister = () => this.factory.unregisterProtocol(this);
      const name = classNameOf(this.factory);
      callLogged(unregister, [], `Error while calling unregisterProtocol of ${name}`);
    }
    // If registerProtocol() or connectionMade() threw, the receiver has never been connected.
    if (this.#isMade) return this.#receiver.connectionLost(reason);
  }

  readConnectionLost(): void {
    const receiver = this.#receiver;
    if (isHalfCloseable(receiver)) return receiver.readConnectionLost();
  }

  writeConnectionLost(): void {
    const receiver = this.#receiver;
    if (isHalfCloseable(receiver)) return receiver.writeConnectionLost();
  }

  handshakeCompleted(): void {
    const receiver = this.#receiver;
    if (!isHandshakeListener(receiver)) return;
    const result: unknown = receiver.handshakeCompleted();
    this.#follow(receiver);
    // If handshakeCompleted() is async, the result is a promise, although the interface declares
    // void.
    return result as void;
  }

  drainRequested(): void {
    const receiver = this.#receiver;
    if (isDrainable(receiver)) return receiver.drainRequested();
  }

  fileDescriptorReceived(fileDescriptor: number): void {
    const receiver = this.#receiver;
    if (isDescriptorReceiver(receiver)) return receiver.fileDescriptorReceived(fileDescriptor);
  }

  /**
   * Called when a wrapper between this one and the connection starts or stops to hold back input,
   * as a policy that limits the rate does. By default it notifies the wrapped protocol, if that is
   * a wrapper.
   *
   * @param isHeld Whether input is held back.
   */
  inputHeld(isHeld: boolean): void {
    const receiver = this.#receiver;
    if (receiver instanceof ProtocolWrapper) receiver.inputHeld(isHeld);
  }

  /** Returns the names of the wrapped protocol and of the wrapper: `Echo (TimeoutProtocol)`. */
  logPrefix(): string {
    return `${logPrefixOf(this.#receiver)} (${this.constructor.name})`;
  }

  /** Describes the connection for a log, as its transport does. */
  override toString(): string {
    const transport = this.#transport;
    return transport === null ? `${this.constructor.name} (not connected)` : `${transport}`;
  }

  /** Returns whether the subclass overrides the method, or the wrapped protocol supports it. */
  [supportsMethod](method: string): boolean {
    return Reflect.get(this, method) !== Reflect.get(ProtocolWrapper.prototype, method) ||
      supports(this.#receiver, method);
  }

  /** Replaces the protocol that receives the further events, and returns the former one. */
  [replaceProtocol](protocol: IProtocol): IProtocol {
    const former = this.#receiver;
    this.#receiver = protocol;
    return former;
  }

  /**
   * Replaces the receiver by its successor, if it names one and has not been replaced meanwhile.
   */
  #follow(receiver: IProtocol): void {
    if (this.#receiver === receiver) this.#receiver = lastSuccessor(receiver);
  }
}
