import type {
  Address,
  ConnectTCPOptions,
  IReactorPluggableNameResolver,
  IReactorTCP,
  IReactorTime,
} from "../../reactor/interfaces/mod.ts";

/** The reactor of a SOCKS server. */
export type SOCKSReactor = IReactorTCP & IReactorTime & IReactorPluggableNameResolver;

/** The target of a request, after its name has been looked up. */
export interface SOCKSResolvedTarget {
  /** The IP address to which the server is about to connect. */
  readonly host: string;
  /** The port number. */
  readonly port: number;
  /** The host name that the client has sent; `null` if it has sent the address. */
  readonly hostname: string | null;
  /** The version of SOCKS. */
  readonly version: 4 | 5;
  /** The user name with which the client has authenticated; `null` without authentication. */
  readonly username: string | null;
  /** The user id that a SOCKS 4 client has sent, which nothing proves; `null` in version 5. */
  readonly userId: string | null;
}

/** Options of a {@linkcode SOCKSFactory}. */
export interface SOCKSFactoryOptions {
  /**
   * Decides whether a client may connect to a target. It is required, because a SOCKS server that
   * connects anywhere gives its clients access to the services of its own host and network.
   *
   * It is called with the IP address, after the lookup of a name, and the server connects to
   * exactly that address. So a name that changes its addresses between two lookups (DNS rebinding)
   * cannot mislead it. If a name has several addresses, it is called for each that is tried.
   * `isGlobalAddress` of the reactor's entry point is a good rule for clients that need the public
   * internet only.
   *
   * An exception and a rejection are logged and refuse the connection, as does every result that is
   * not `true`.
   *
   * @param target The target with its IP address.
   * @param peer The client's address.
   * @returns Whether the client may connect.
   */
  authorize: (target: SOCKSResolvedTarget, peer: Address) => boolean | PromiseLike<boolean>;
  /**
   * Checks a user name and a password. With this function, SOCKS 5 clients must send both (RFC
   * 1929), in plain text, and SOCKS 4 clients are refused, because they cannot send a password.
   *
   * An exception and a rejection are logged and refuse the client, as does every result that is not
   * `true`. Compare secrets in constant time, as `timingSafeEqual` of `node:crypto` does.
   *
   * @param username The user name.
   * @param password The password.
   * @param peer The client's address.
   * @returns Whether they are valid.
   * @default {undefined} No authentication.
   */
  authenticate?:
    | ((username: string, password: string, peer: Address) => boolean | PromiseLike<boolean>)
    | undefined;
  /**
   * The versions of SOCKS that clients may use.
   *
   * @default {[4, 5]}
   */
  versions?: readonly (4 | 5)[] | undefined;
  /**
   * Seconds from the beginning of a connection until its request must be complete; `Infinity` for
   * no limit.
   *
   * @default {10}
   */
  handshakeTimeout?: number | undefined;
  /**
   * Seconds from the request until its target must be connected, with the lookup, `authorize` and
   * all attempts; `Infinity` for no limit.
   *
   * @default {30}
   */
  connectTimeout?: number | undefined;
  /**
   * Options of the connections to targets, such as `bindAddress`. Their `idleTimeout` closes a
   * tunnel in which neither side sends.
   *
   * @default {{}}
   */
  connectOptions?: ConnectTCPOptions | undefined;
}
