import { checkBound } from "../../internal/validation.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type { Address, IProtocol } from "../../reactor/interfaces/mod.ts";
import { peerHost } from "./peer_host.ts";
import type { ProtocolWrapper } from "./protocol_wrapper.ts";
import { RefusalLog } from "./refusal_log.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

/** Options of {@linkcode LimitConnectionsByPeer}. */
export interface LimitConnectionsByPeerOptions {
  /**
   * The number of connections from one host that may be open at the same time, at least 1.
   *
   * @default {5}
   */
  maxConnectionsPerPeer?: number | undefined;
}

/**
 * Limits the number of open connections from each host. Twisted's `LimitConnectionsByPeer`, which
 * expects addresses of a form that Twisted no longer has, and so refuses every connection.
 *
 * A further connection is closed at once. Peers without a host, such as those on a UNIX socket, are
 * not limited. The option `maxConnectionsPerHost` of a port does the same without a wrapper. Use
 * this class where the factory receives a better address than the port, as behind a proxy that
 * names the client.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts
 * import { Factory, LimitConnectionsByPeer, Protocol } from "@torsion/reactor/protocol";
 *
 * const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol), {
 *   maxConnectionsPerPeer: 10,
 * });
 * ```
 */
export class LimitConnectionsByPeer<P extends IProtocol = IProtocol> extends WrappingFactory<P> {
  /** The number of connections from one host that may be open at the same time. */
  maxConnectionsPerPeer = 5;
  /** The number of open connections of each host that has any. */
  readonly peerConnections: Map<string, number> = new Map();
  /** The hosts by which the open connections were counted. */
  readonly #hosts = new WeakMap<ProtocolWrapper, string>();
  readonly #refusals = new RefusalLog();

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param options The limit.
   * @throws {RangeError | TypeError} when the limit is out of range.
   */
  constructor(
    wrappedFactory: ITypedProtocolFactory<P>,
    options: LimitConnectionsByPeerOptions = {},
  ) {
    super(wrappedFactory);
    const { maxConnectionsPerPeer = this.maxConnectionsPerPeer } = options;
    checkBound("maxConnectionsPerPeer", maxConnectionsPerPeer, 1);
    this.maxConnectionsPerPeer = maxConnectionsPerPeer;
  }

  /**
   * Builds and wraps a protocol, or refuses the connection if its host has reached the limit.
   *
   * @throws {RangeError | TypeError} when {@linkcode maxConnectionsPerPeer} is out of range.
   */
  override buildProtocol(addr: Address): ProtocolWrapper<P> | null {
    const limit = this.maxConnectionsPerPeer;
    checkBound("maxConnectionsPerPeer", limit, 1);
    const host = peerHost(addr);
    const count = host === null ? 0 : this.peerConnections.get(host) ?? 0;
    if (count < limit) return super.buildProtocol(addr);
    this.#refusals.refused(addr, `its host has reached the connection limit of ${limit}`);
    return null;
  }

  /** Wraps the protocol, and keeps the peer's host, for which its connection will count. */
  override wrapProtocol(protocol: P, addr: Address): ProtocolWrapper<P> {
    const wrapper = super.wrapProtocol(protocol, addr);
    // The address that was counted is kept: getPeer() of a transport may return another one.
    const host = peerHost(addr);
    if (host !== null) this.#hosts.set(wrapper, host);
    return wrapper;
  }

  /** Registers the wrapper, and counts its connection for the peer's host. */
  override registerProtocol(wrapper: ProtocolWrapper<P>): void {
    super.registerProtocol(wrapper);
    this.#count(wrapper, 1);
  }

  /** Removes the wrapper, and no longer counts its connection for the peer's host. */
  override unregisterProtocol(wrapper: ProtocolWrapper<P>): void {
    super.unregisterProtocol(wrapper);
    this.#count(wrapper, -1);
  }

  #count(wrapper: ProtocolWrapper, change: number): void {
    const host = this.#hosts.get(wrapper);
    if (host === undefined) return;
    const count = (this.peerConnections.get(host) ?? 0) + change;
    if (count > 0) this.peerConnections.set(host, count);
    else this.peerConnections.delete(host);
  }
}
