import { logPrefixOf } from "../../defer/guarded_call.ts";
import { checkBound, checkTimeout, quote } from "../../internal/validation.ts";
import { checkFactory } from "../../reactor/lifecycle/argument_checks.ts";
import { AddressBlocks } from "../../reactor/names/address_blocks.ts";
import type {
  Address,
  IProtocol,
  IProtocolFactory,
  IReactorTime,
} from "../../reactor/interfaces/mod.ts";
import { buildProtocol, startFactory, stopFactory } from "../../reactor/stream/factory_calls.ts";
import { forwardFailedHandshakes } from "../../reactor/stream/forwarded_methods.ts";
import { declarePeerNaming } from "../../reactor/stream/peer_naming.ts";
import { ServerFactory } from "../factory.ts";
import { RefusalLog } from "../policies/refusal_log.ts";
import { ProxiedConnection, type ProxiedConnectionOwner } from "./proxied_connection.ts";

/** Options of a server that receives headers of the PROXY protocol. */
export interface ProxyProtocolOptions {
  /**
   * The proxies, whose headers are believed: IP addresses, blocks of them such as `10.0.0.0/8`, and
   * `unix` for every peer on a UNIX socket. Connections from all other addresses are refused, with
   * or without a header.
   *
   * `"any"` believes every peer: choose it only if the proxy alone can reach the port, because
   * every client can send a header that names any address.
   */
  trustedSources: "any" | readonly string[];
  /**
   * Seconds for the header to arrive; `Infinity` for no limit. The specification recommends at
   * least 3, so that a lost segment can be sent again.
   *
   * @default {5}
   */
  headerTimeout?: number | undefined;
  /**
   * The maximum length of a header, in bytes.
   *
   * @default {16384}
   */
  maxHeaderLength?: number | undefined;
  /**
   * The clock of `headerTimeout`.
   *
   * @default {undefined} That of the connection's reactor.
   */
  clock?: IReactorTime | undefined;
}

/**
 * Reads the header of the PROXY protocol at the beginning of each connection. The wrapped factory
 * builds its protocol when the header is complete, with the address of the client that it names.
 * Twisted's `HAProxyWrappingFactory`.
 *
 * The protocol's transport returns the addresses of the header from `getPeer()` and `getHost()`. If
 * the header names none (the command `LOCAL`, a protocol `UNKNOWN`), these are the addresses of the
 * connection itself. {@linkcode proxyHeaderOf} returns the whole header.
 *
 * A connection is aborted if its header is malformed, too long, or late. Refusals are logged: the
 * first, the tenth, the hundredth and so on.
 *
 * With `listenTLS` and this factory, the header comes after the TLS handshake. No proxy is known
 * that sends it there: use {@linkcode proxyEndpoint} for TLS.
 *
 * If a port uses this factory directly, its `maxConnectionsPerHost` counts the clients, not the
 * proxies. To limit clients by other means, such as a `LimitConnectionsByPeer`, wrap the inner
 * factory.
 *
 * In Twisted, the inner protocol is connected before the header has arrived, and the header of
 * every peer is believed.
 *
 * @example
 * ```ts no-eval
 * import { Factory, Protocol, reactor } from "@torsion/reactor";
 * import { ProxyProtocolFactory } from "@torsion/reactor/proxy_protocol";
 *
 * class Greeter extends Protocol {
 *   override connectionMade() {
 *     this.transport.write(`Hello ${this.transport.getPeer()}`);
 *   }
 * }
 *
 * const factory = new ProxyProtocolFactory(Factory.forProtocol(Greeter), {
 *   trustedSources: ["10.0.0.0/8"],
 * });
 * reactor.listenTCP(2000, factory);
 * ```
 */
export class ProxyProtocolFactory extends ServerFactory<IProtocol> {
  /** The factory that builds the protocols of the clients. */
  readonly wrappedFactory: IProtocolFactory;
  readonly #isTrusted: (peer: Address) => boolean;
  readonly #untrusted = new RefusalLog();
  readonly #owner: ProxiedConnectionOwner;

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the protocols of the clients.
   * @param options The trusted proxies and the limits.
   * @throws {TypeError} when it is not a factory, or `trustedSources` is missing.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(wrappedFactory: IProtocolFactory, options: ProxyProtocolOptions) {
    checkFactory("wrap a factory", wrappedFactory);
    super();
    const { trustedSources, headerTimeout = 5, maxHeaderLength = 16384, clock } = options;
    checkTimeout("headerTimeout", headerTimeout);
    checkBound("maxHeaderLength", maxHeaderLength, 16);
    declarePeerNaming(this);
    this.wrappedFactory = wrappedFactory;
    this.noisy = wrappedFactory.noisy ?? true;
    this.#isTrusted = trustOf(trustedSources);
    const refusals = new RefusalLog();
    this.#owner = {
      maxHeaderLength,
      headerTimeout,
      clock,
      build: (client) => buildProtocol(wrappedFactory, client),
      refused: (peer, reason) => refusals.refused(peer, reason),
    };
    forwardFailedHandshakes(this, wrappedFactory);
  }

  /** Starts the wrapped factory. */
  override doStart(): void {
    startFactory(this.wrappedFactory);
  }

  /** Stops the wrapped factory. */
  override doStop(): void {
    stopFactory(this.wrappedFactory);
  }

  /** Returns the name of the wrapped factory: `Echoes (PROXY)`. */
  override logPrefix(): string {
    return `${logPrefixOf(this.wrappedFactory)} (PROXY)`;
  }

  /**
   * Builds the protocol that reads the header of a connection.
   *
   * @param peer The address of the proxy.
   * @returns The protocol; `null` if the address is not trusted.
   */
  override buildProtocol(peer: Address): IProtocol | null {
    if (this.#isTrusted(peer)) return new ProxiedConnection(this.#owner);
    this.#untrusted.refused(peer, "its address is not in trustedSources");
    return null;
  }
}

/** Returns a function that returns whether headers from an address are believed. */
function trustOf(sources: unknown): (peer: Address) => boolean {
  if (sources === "any") return () => true;
  if (!Array.isArray(sources)) {
    throw new TypeError(
      'trustedSources must be a list of addresses and blocks such as "10.0.0.0/8", or "any", ' +
        `got ${quote(sources)}`,
    );
  }
  const blocks = new AddressBlocks(sources.filter((source) => source !== "unix"));
  const trustsUNIX = sources.includes("unix");
  return (peer) => "host" in peer ? blocks.has(peer.host) : trustsUNIX && peer.type === "UNIX";
}
