/**
 * Names of hosts, and what finds their addresses.
 *
 * @module
 */

/** The two families of internet addresses. */
export type IPFamily = "IPv4" | "IPv6";

/** What a resolver is asked for, beside the name. */
export interface ResolveHostNameOptions {
  /** The family of the addresses wanted. */
  family: IPFamily;
  /** The port that the addresses are wanted for; 0 where there is none. Permissions may depend on it. */
  port: number;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
}

/**
 * Finds the addresses of a name. Twisted's `IHostnameResolver`.
 *
 * Twisted's is asked once for both families, and tells a receiver of each address as it comes; why nothing came, it cannot say. Here it
 * is asked once for each family, and each answer is a Deferred or a promise of its own: so the two come apart, as they must for whoever
 * would connect as soon as one is there (RFC 8305 section 3), a failure has its reason, and a resolver is a function of a few lines.
 */
export interface IHostnameResolver {
  /**
   * Finds the addresses of one family.
   *
   * @param hostName The name, in ASCII: one with other characters comes in its IDNA form (`xn--bcher-kva.ch`).
   * @param options The family, and what it is for.
   * @returns The addresses, in the order in which they are best tried (RFC 6724). None, when the name has none of that family. It fails
   *   when that could not be found out.
   */
  resolveHostName(
    hostName: string,
    options: ResolveHostNameOptions,
  ): PromiseLike<readonly string[]>;
}

/** A reactor whose resolver can be replaced. Twisted's `IReactorPluggableNameResolver`. */
export interface IReactorPluggableNameResolver {
  /** The resolver in use. */
  readonly nameResolver: IHostnameResolver;
  /**
   * Puts a resolver in the place of the one in use. Attempts to connect that have begun stay with theirs.
   *
   * @param resolver The new one.
   * @returns The one that was in use.
   */
  installNameResolver(resolver: IHostnameResolver): IHostnameResolver;
}
