/**
 * Resolution of host names to IP addresses.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";

/** The two families of internet addresses. */
export type IPFamily = "IPv4" | "IPv6";

/** Parameters of a lookup besides the host name. */
export interface ResolveHostNameOptions {
  /** The address family to look up. */
  family: IPFamily;
  /**
   * The port number to which the caller will connect, or 0 if there is none. Network permissions
   * may depend on it.
   */
  port: number;
  /** A signal that aborts when the caller no longer needs the result. */
  signal: AbortSignal;
}

/**
 * A resolver of host names. Twisted's `IHostnameResolver`.
 *
 * Twisted calls its resolver once for both families, and the resolver reports each address to a
 * receiver but no errors. Here the resolver is called once per family, and each call returns a
 * Deferred or a promise. So a connection attempt can start as soon as one family is resolved
 * (RFC 8305 section 3), an error has a reason, and a resolver can be a short function.
 */
export interface IHostnameResolver {
  /**
   * Looks up the addresses of one family.
   *
   * @param hostName The host name in ASCII. An internationalized name is passed in its IDNA form
   *   (`xn--bcher-kva.ch`).
   * @param options The address family and further parameters.
   * @returns A promise for the addresses, in the order in which to try them (RFC 6724). The array
   *   is empty if the name has no address of that family. The promise rejects if the lookup fails.
   */
  resolveHostName(
    hostName: string,
    options: ResolveHostNameOptions,
  ): PromiseLike<readonly string[]>;
}

/** A reactor whose resolver can be replaced. Twisted's `IReactorPluggableNameResolver`. */
export interface IReactorPluggableNameResolver {
  /** The installed resolver. */
  readonly nameResolver: IHostnameResolver;
  /**
   * Replaces the installed resolver. Connection attempts that have begun continue to use the
   * previous one.
   *
   * @param resolver The new resolver.
   * @returns The previous resolver.
   */
  installNameResolver(resolver: IHostnameResolver): IHostnameResolver;
  /**
   * Looks up the first IPv4 address of a host name with the installed resolver. Twisted's
   * `IReactorCore.resolve`. Connections need no call of it: `connectTCP` and its like take host
   * names, and try all addresses.
   *
   * @param name A host name. An IP address is the result itself, and `""` gives `"0.0.0.0"`.
   * @param timeout Seconds, 60 by default; or parts of which the sum counts, as in Twisted.
   * @returns A Deferred that fires with the address, or fails with a `DNSLookupError`. Cancelling
   *   it aborts the lookup.
   * @throws {RangeError | TypeError} If the name or the timeout is not valid.
   *
   * @example
   * ```ts
   * import { MemoryReactorClock } from "@torsion/reactor/testing";
   * import { TableNameResolver } from "@torsion/reactor/reactor";
   *
   * const reactor = new MemoryReactorClock(); // a program uses its own reactor
   * reactor.installNameResolver(new TableNameResolver({ "db.example": ["192.0.2.1"] }));
   * console.log(await reactor.resolve("db.example", 5)); // 192.0.2.1
   * ```
   */
  resolve(name: string, timeout?: number | readonly number[]): Deferred<string>;
}
