import { cancelLogged } from "../defer/cancel_all.ts";
import { asError } from "../defer/guarded_call.ts";
import { Deferred, execute } from "../defer/mod.ts";
import { ConnectingCancelledError, NoProtocol } from "../reactor/errors.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import type { Address, IProtocol } from "../reactor/interfaces/mod.ts";
import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import { connectAborted } from "../reactor/stream/connect_aborted.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import { ForwardingFactory } from "../reactor/stream/forwarding_factory.ts";

/** The calls that the protocol of a negotiation makes. */
export interface NegotiationEvents {
  /** Builds the application's protocol, because the target is connected; `null` to refuse it. */
  build(): IProtocol | null;
  /** Reports that the application's protocol has its connection. */
  connected(): void;
  /** Reports that there is no connection to the target. */
  failed(reason: Error): void;
}

/** The protocol of a negotiation. */
export interface Negotiation extends IProtocol {
  /** Ends the negotiation, because the caller has cancelled it. */
  cancel(): void;
}

/**
 * Connects to a target with a negotiation: over a connection to an endpoint.
 *
 * @param endpoint The endpoint to connect to.
 * @param target The address that the factory and errors name.
 * @param factory The factory of the application's protocol.
 * @param negotiate Creates the protocol of the negotiation.
 * @param options `signal` ends the attempt.
 * @returns A Deferred that fires with the protocol when it has its connection to the target.
 */
export function connectNegotiated<P extends IProtocol>(
  endpoint: IStreamClientEndpoint,
  target: Address,
  factory: ITypedProtocolFactory<P>,
  negotiate: (events: NegotiationEvents) => Negotiation,
  { signal }: EndpointOptions = {},
): Deferred<P> {
  const connecting = execute(() => {
    checkFactory("connect", factory);
    return new NegotiatedConnecting(endpoint, target, factory, negotiate).connected;
  });
  if (signal === undefined) return connecting;
  return connecting.addSignal(signal).addErrback((error) => {
    throw signal.aborted && error instanceof ConnectingCancelledError
      ? connectAborted(error.destination, signal.reason)
      : error;
  });
}

/** An attempt: the connection to the endpoint, and then the negotiation. */
class NegotiatedConnecting<P extends IProtocol> {
  /** Fires with the protocol when it has its connection to the target. */
  readonly connected: Deferred<P> = new Deferred<P>(() => this.#cancel());
  readonly #target: Address;
  readonly #reaching: Deferred<IProtocol>;
  #negotiation: Negotiation | null = null;

  constructor(
    endpoint: IStreamClientEndpoint,
    target: Address,
    factory: ITypedProtocolFactory<P>,
    negotiate: (events: NegotiationEvents) => Negotiation,
  ) {
    this.#target = target;
    let protocol: P | null = null;
    const negotiating = new ForwardingFactory(factory, () =>
      this.#negotiation = negotiate({
        build: () => protocol = this.#built(factory),
        connected: () => {
          if (protocol !== null && !this.connected.called) this.connected.callback(protocol);
        },
        failed: (reason) => this.#fail(reason),
      }));
    this.#reaching = endpoint.connect(negotiating);
    this.#reaching.addErrback((reason) => this.#fail(reason));
  }

  #built(factory: ITypedProtocolFactory<P>): P | null {
    const address = String(this.#target);
    try {
      const protocol = buildProtocol(factory, this.#target);
      if (protocol !== null) return this.connected.called ? null : protocol;
      const message = `Cannot connect to ${address}: the factory built no protocol`;
      this.#fail(new NoProtocol(message, { address }));
    } catch (error) {
      this.#fail(asError(error));
    }
    return null;
  }

  #cancel(): void {
    if (this.#negotiation === null) return cancelLogged(this.#reaching);
    this.#fail(new ConnectingCancelledError(this.#target));
    this.#negotiation.cancel();
  }

  #fail(reason: Error): void {
    if (!this.connected.called) this.connected.errback(reason);
  }
}
