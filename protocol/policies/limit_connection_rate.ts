import { checkRate } from "../../internal/validation.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type { Address, IProtocol, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { ConnectionRates } from "../../reactor/stream/connection_rates.ts";
import { peerHost } from "./peer_host.ts";
import type { ProtocolWrapper } from "./protocol_wrapper.ts";
import { RefusalLog } from "./refusal_log.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

/** Options of {@linkcode LimitConnectionRate}. */
export interface LimitConnectionRateOptions {
  /** The clock: a reactor, or the `Clock` of a test. */
  clock: Pick<IReactorTime, "seconds">;
  /**
   * The number of new connections per second, on average.
   *
   * @default {Infinity}
   */
  connectionRate?: number | undefined;
  /**
   * The number of new connections per second from one host, on average.
   *
   * @default {Infinity}
   */
  connectionRatePerHost?: number | undefined;
}

/**
 * Limits the rate of new connections, in total and from each host. Twisted has no equivalent.
 *
 * After a quiet time, the connections of one second may come at once; a further connection is
 * closed at once. Peers without a host, such as those on a UNIX socket, have no limit of their own.
 * The options `connectionRate` and `connectionRatePerHost` of a port do the same without a wrapper,
 * and can let connections wait. Use this class where the factory receives a better address than the
 * port, as behind a proxy that names the client.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts
 * import { Clock } from "@torsion/reactor";
 * import { Factory, LimitConnectionRate, Protocol } from "@torsion/reactor/protocol";
 *
 * const clock = new Clock(); // a program passes its reactor
 * const factory = new LimitConnectionRate(Factory.forProtocol(Protocol), {
 *   clock,
 *   connectionRatePerHost: 0.5, // one connection in two seconds
 * });
 * ```
 */
export class LimitConnectionRate<P extends IProtocol = IProtocol> extends WrappingFactory<P> {
  readonly #rates: ConnectionRates;
  readonly #refusals = new RefusalLog();

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param options The clock and the limits.
   * @throws {RangeError | TypeError} when a limit is not more than 0.
   */
  constructor(wrappedFactory: ITypedProtocolFactory<P>, options: LimitConnectionRateOptions) {
    super(wrappedFactory);
    const { clock, connectionRate = Infinity, connectionRatePerHost = Infinity } = options;
    checkRate("connectionRate", connectionRate);
    checkRate("connectionRatePerHost", connectionRatePerHost);
    this.#rates = new ConnectionRates({ connectionRate, connectionRatePerHost }, clock);
  }

  /** Counts the connection and builds its protocol, or refuses it if a limit is reached. */
  override buildProtocol(addr: Address): ProtocolWrapper<P> | null {
    const host = peerHost(addr);
    const reason = this.#rates.reasonToRefuse(host);
    if (reason !== null) {
      this.#refusals.refused(addr, reason.text);
      return null;
    }
    this.#rates.enter(host);
    return super.buildProtocol(addr);
  }
}
