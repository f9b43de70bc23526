import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import { Deferred } from "../defer/mod.ts";
import { ConnectingCancelledError, NoProtocol } from "../reactor/errors.ts";
import type { Address, IClientFactory, IConnector, IProtocol } from "../reactor/interfaces/mod.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import { ForwardingFactory } from "../reactor/stream/forwarding_factory.ts";
import { asError } from "../defer/guarded_call.ts";
import type { ITypedProtocolFactory } from "../reactor/interfaces/endpoint.ts";
import { wrapProtocol } from "../reactor/stream/protocol_wrapper.ts";

/**
 * Turns the callbacks of a client factory into a Deferred, which fires with the protocol once its
 * connection has been made.
 *
 * It wraps the protocol, because only a wrapper sees when `connectionMade` has returned, on every
 * reactor. Twisted's `_WrappingFactory`.
 */
export class ConnectingFactory<P extends IProtocol> extends ForwardingFactory
  implements IClientFactory {
  #connector: IConnector | null = null;

  /** Fires with the protocol, once its connection has been made. */
  readonly connected: Deferred<P> = new Deferred<P>(() => this.#cancel());

  /**
   * @param factory The factory that builds the protocol.
   * @throws {TypeError} when it is not a factory.
   */
  constructor(factory: ITypedProtocolFactory<P>) {
    checkFactory("connect", factory);
    super(factory, (addr) => this.#wrapped(factory, addr));
  }

  startedConnecting(connector: IConnector): void {
    this.#connector = connector;
  }

  clientConnectionFailed(_connector: IConnector, reason: Error): void {
    this.#end(reason);
  }

  clientConnectionLost(_connector: IConnector, reason: Error): void {
    // This has an effect only if the connection was lost before the protocol was connected, because
    // buildProtocol() or connectionMade() failed. Otherwise the result is already known.
    this.#end(reason);
  }

  #wrapped(factory: ITypedProtocolFactory<P>, addr: Address): IProtocol | null {
    const protocol = this.#built(factory, addr);
    // The attempt may have been cancelled while the factory built the protocol. Returning null
    // closes the connection.
    if (protocol === null || this.connected.called) return null;
    return wrapProtocol(protocol, {
      made: () => {
        if (!this.connected.called) this.connected.callback(protocol);
      },
    });
  }

  /** An error here fails {@linkcode connected}, and is not logged as well. */
  #built(factory: ITypedProtocolFactory<P>, addr: Address): P | null {
    let protocol: P | null;
    try {
      protocol = buildProtocol(factory, addr);
    } catch (error) {
      this.#end(asError(error));
      return null;
    }
    if (protocol === null) {
      this.#end(
        new NoProtocol(`Cannot connect to ${addr}: the factory built no protocol`, {
          address: String(addr),
        }),
      );
    }
    return protocol;
  }

  /** Ends the attempt. During `connectionMade` the connection exists already, and is closed. */
  #cancel(): void {
    const connector = this.#connector;
    if (connector === null) return;
    this.#end(new ConnectingCancelledError(connector.getDestination()));
    connector.disconnect();
  }

  #end(reason: Error): void {
    if (!this.connected.called) this.connected.errback(reason);
  }
}
