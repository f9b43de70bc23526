import { logPrefixOf } from "../../defer/guarded_call.ts";
import { checkFactory } from "../../reactor/lifecycle/argument_checks.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type {
  Address,
  IClientFactory,
  IConnector,
  IProtocol,
  IProtocolFactory,
} from "../../reactor/interfaces/mod.ts";
import { buildProtocol, startFactory, stopFactory } from "../../reactor/stream/factory_calls.ts";
import { forwardFailedHandshakes } from "../../reactor/stream/forwarded_methods.ts";
import { ClientFactory } from "../factory.ts";
import { ProtocolWrapper } from "./protocol_wrapper.ts";

/**
 * Wraps a factory and the protocols that it builds, and keeps track of their connections. Twisted's
 * `twisted.protocols.policies.WrappingFactory`.
 *
 * It is the base of the policies. Policies wrap each other in any order. A subclass overrides
 * {@linkcode wrapProtocol} to make wrappers of its own class; in Twisted, it sets `protocol`.
 *
 * Every call that a port or a connector makes is forwarded to the wrapped factory,
 * `handshakeFailed` included.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 * @typeParam W The wrappers.
 *
 * @example Refuse connections from outside
 * ```ts
 * import { type Address, Factory, Protocol } from "@torsion/reactor";
 * import { WrappingFactory } from "@torsion/reactor/protocol";
 *
 * class Local extends WrappingFactory {
 *   override buildProtocol(addr: Address) {
 *     const isLocal = addr.type === "TCP" && addr.host.startsWith("10.");
 *     return isLocal ? super.buildProtocol(addr) : null;
 *   }
 * }
 *
 * const factory = new Local(Factory.forProtocol(Protocol));
 * ```
 */
export class WrappingFactory<
  P extends IProtocol = IProtocol,
  W extends ProtocolWrapper<P> = ProtocolWrapper<P>,
> extends ClientFactory<W> {
  /** The factory that builds the wrapped protocols. */
  readonly wrappedFactory: ITypedProtocolFactory<P>;
  /** The wrappers whose connections are open. Twisted has a dictionary. */
  readonly protocols: Set<W> = new Set();

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @throws {TypeError} when it is not a factory.
   */
  constructor(wrappedFactory: ITypedProtocolFactory<P>) {
    super();
    checkFactory("wrap a factory", wrappedFactory);
    this.wrappedFactory = wrappedFactory;
    this.noisy = wrappedFactory.noisy ?? true;
    forwardFailedHandshakes(this, wrappedFactory);
  }

  /**
   * Builds a protocol with the wrapped factory, and wraps it. Override it to refuse connections.
   *
   * @param addr The peer's address.
   * @returns The wrapper; or `null` if the wrapped factory refuses the connection.
   */
  override buildProtocol(addr: Address): W | null {
    const protocol = buildProtocol(this.wrappedFactory, addr);
    return protocol === null ? null : this.wrapProtocol(protocol, addr);
  }

  /**
   * Makes the wrapper of a protocol. Override it to make wrappers of another class.
   *
   * @param protocol The protocol.
   * @param _addr The peer's address.
   * @returns The wrapper.
   */
  wrapProtocol(protocol: P, _addr: Address): W {
    // The cast is safe: a subclass with another class of wrappers overrides this method.
    return new ProtocolWrapper(this, protocol) as ProtocolWrapper<P> as W;
  }

  /**
   * Called by each wrapper whose connection is made. Override it to count connections.
   *
   * @param wrapper The wrapper.
   */
  registerProtocol(wrapper: W): void {
    this.protocols.add(wrapper);
  }

  /**
   * Called by each wrapper whose connection is lost.
   *
   * @param wrapper The wrapper.
   */
  unregisterProtocol(wrapper: W): void {
    this.protocols.delete(wrapper);
  }

  /** Starts the wrapped factory and then this one, and stops the former if the latter fails. */
  override doStart(): void {
    startFactory(this.wrappedFactory);
    try {
      super.doStart();
    } catch (error) {
      stopFactory(this.wrappedFactory);
      throw error;
    }
  }

  /** Stops the wrapped factory and then this one, even if the former fails. */
  override doStop(): void {
    try {
      stopFactory(this.wrappedFactory);
    } finally {
      super.doStop();
    }
  }

  /** Passes the call on to the wrapped factory, if it has the method. */
  override startedConnecting(connector: IConnector): void {
    return clientCalls(this.wrappedFactory).startedConnecting?.(connector);
  }

  /** Passes the call on to the wrapped factory, if it has the method. */
  override clientConnectionFailed(connector: IConnector, reason: Error): void {
    return clientCalls(this.wrappedFactory).clientConnectionFailed?.(connector, reason);
  }

  /** Passes the call on to the wrapped factory, if it has the method. */
  override clientConnectionLost(connector: IConnector, reason: Error): void {
    return clientCalls(this.wrappedFactory).clientConnectionLost?.(connector, reason);
  }

  /** Returns the names of the wrapped factory and of this one: `Echoes (TimeoutFactory)`. */
  override logPrefix(): string {
    return `${logPrefixOf(this.wrappedFactory)} (${this.constructor.name})`;
  }
}

/** Returns a factory with the methods for clients, which the factory of a server does not have. */
function clientCalls(factory: IProtocolFactory): IProtocolFactory & Partial<IClientFactory> {
  return factory;
}
