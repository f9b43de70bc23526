import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import { Deferred } from "../defer/mod.ts";
import { ConnectingCancelledError, NoProtocol } from "../reactor/errors.ts";
import type { Address, IClientFactory, IConnector, IProtocol } from "../reactor/interfaces/mod.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import { ForwardingFactory } from "../reactor/stream/forwarding_factory.ts";
import { asError } from "../defer/guarded_call.ts";
import type { ITypedProtocolFactory } from "./interfaces.ts";
import { wrapProtocol } from "./protocol_wrapper.ts";

/**
 * Turns a client factory's callbacks into a Deferred: it fires with the protocol once its connection has been made.
 *
 * Between reactor and protocol stands a protocol of its own, because only that sees when `connectionMade` has returned, on every
 * reactor alike. Twisted's `_WrappingFactory`.
 */
export class ConnectingFactory<P extends IProtocol> extends ForwardingFactory
  implements IClientFactory {
  #connector: IConnector | null = null;

  /** Fires with the protocol. */
  readonly connected: Deferred<P> = new Deferred<P>(() => this.#cancel());

  /**
   * @param factory What makes the protocol.
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
    // Only news if the connection went before it was made: an error in buildProtocol or connectionMade.
    this.#end(reason);
  }

  #wrapped(factory: ITypedProtocolFactory<P>, addr: Address): IProtocol | null {
    const protocol = this.#built(factory, addr);
    // The attempt may have been cancelled while the factory built the protocol.
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
        new NoProtocol(`Connecting to ${addr} came to nothing: the factory built no protocol`, {
          address: String(addr),
        }),
      );
    }
    return protocol;
  }

  /** Also in the middle of `connectionMade`: then the connection is there, and is lost. */
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
