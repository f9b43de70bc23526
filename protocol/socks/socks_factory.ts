import { CancelledError, type Deferred, execute } from "../../defer/mod.ts";
import { logUserError } from "../../defer/guarded_call.ts";
import { checkFunction, checkTimeout, quote } from "../../internal/validation.ts";
import { warn } from "../../log/mod.ts";
import { HostnameAddress } from "../../reactor/addresses.ts";
import type {
  Address,
  ConnectTCPOptions,
  IReactorPluggableNameResolver,
  IReactorTCP,
  IReactorTime,
  ITransport,
} from "../../reactor/interfaces/mod.ts";
import { addressBytes, addressText, unmapped } from "../../reactor/names/ip_address.ts";
import { alike, LogThrottle } from "../../reactor/lifecycle/log_throttle.ts";
import { raceAddresses } from "../../reactor/names/happy_eyeballs.ts";
import { ServerFactory } from "../factory.ts";
import { TargetNotAllowed } from "./reply_of_failure.ts";
import type { SOCKSRequest } from "./socks_messages.ts";
import { SOCKSServer, type SOCKSServerOwner } from "./socks_server.ts";
import { connectToTarget } from "./target_connection.ts";

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
   * `true`.
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

/**
 * A SOCKS server, of the versions 4, 4a and 5: it connects its clients to the targets that they
 * request. Twisted's `SOCKSv4Factory`, which allows every target.
 *
 * The connections are joined as by `joinConnections`, with backpressure and half-close. Limits on
 * the number and the rate of clients are options of the port. Refusals are logged, at most one line
 * per second.
 *
 * `CONNECT` is the only command. `BIND` and `UDP ASSOCIATE` are refused: both open a port of the
 * server for hosts that the client names, and only FTP in active mode and few other programs need
 * them.
 *
 * @example A server for the public internet
 * ```ts no-eval
 * import { isGlobalAddress, reactor } from "@torsion/reactor/reactor";
 * import { SOCKSFactory } from "@torsion/reactor/socks";
 *
 * const factory = new SOCKSFactory(reactor, {
 *   authorize: ({ host, port }) => isGlobalAddress(host) && [80, 443].includes(port),
 * });
 * reactor.listenTCP(1080, factory, { interface: "127.0.0.1", maxConnectionsPerHost: 100 });
 * await reactor.run();
 * ```
 */
export class SOCKSFactory extends ServerFactory<SOCKSServer> implements SOCKSServerOwner {
  /** The reactor that connects to targets. */
  readonly reactor: SOCKSReactor;
  /** Seconds until a request must be complete. */
  readonly handshakeTimeout: number;
  /** Seconds until a target must be connected. */
  readonly connectTimeout: number;
  /** The versions of SOCKS that clients may use. */
  readonly versions: readonly (4 | 5)[];
  readonly #options: SOCKSFactoryOptions;
  readonly #refusals: LogThrottle;

  /**
   * Creates a server that does not listen yet.
   *
   * @param reactor The reactor that connects to targets, and looks up their names.
   * @param options The rules and the timeouts.
   * @throws {TypeError} when `authorize` is missing.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(reactor: SOCKSReactor, options: SOCKSFactoryOptions) {
    super();
    const { handshakeTimeout = 10, connectTimeout = 30, versions = [4, 5] } = options;
    checkFunction("authorize", options.authorize);
    if (options.authenticate !== undefined) checkFunction("authenticate", options.authenticate);
    checkTimeout("handshakeTimeout", handshakeTimeout);
    checkTimeout("connectTimeout", connectTimeout);
    if (versions.length === 0 || versions.some((version) => version !== 4 && version !== 5)) {
      throw new RangeError(`versions must be a list of 4 and 5, got ${quote(versions)}`);
    }
    this.reactor = reactor;
    this.handshakeTimeout = handshakeTimeout;
    this.connectTimeout = connectTimeout;
    this.versions = versions;
    this.#options = options;
    this.#refusals = new LogThrottle(reactor);
  }

  /** Whether clients must send a user name and a password. */
  get requiresCredentials(): boolean {
    return this.#options.authenticate !== undefined;
  }

  /** Builds the protocol of a client. */
  override buildProtocol(_addr: Address): SOCKSServer {
    const protocol = new SOCKSServer(this.requiresCredentials);
    protocol.factory = this;
    return protocol;
  }

  /** Logs the count of refusals that have not been logged yet. */
  override stopFactory(): void {
    this.#refusals.flush();
  }

  /**
   * Checks the credentials of a client.
   *
   * @param username The user name.
   * @param password The password.
   * @param peer The client's address.
   * @returns A Deferred that fires with whether they are valid. It never fails.
   */
  checkCredentials(username: string, password: string, peer: Address): Deferred<boolean> {
    const { authenticate } = this.#options;
    return isTrue("authenticate", () => authenticate?.(username, password, peer));
  }

  /**
   * Connects to the target of a request, if the client may.
   *
   * @param request The request.
   * @param username The user name of the client; `null` without authentication.
   * @param peer The client's address.
   * @returns A Deferred that fires with the connection, which is paused.
   */
  connectTarget(
    request: SOCKSRequest,
    username: string | null,
    peer: Address,
  ): Deferred<ITransport> {
    const { host: requested, port, version, userId } = request;
    const { reactor, connectTimeout } = this;
    const hostname = addressBytes(requested) === null ? requested : null;
    const attempt = (address: string): Deferred<ITransport> => {
      const host = canonical(address);
      const target = { host, port, hostname, version, username, userId };
      return isTrue("authorize", () => this.#options.authorize(target, peer))
        .addCallback((isAllowed): ITransport | Deferred<ITransport> => {
          if (isAllowed) {
            return connectToTarget(reactor, host, port, this.#options.connectOptions ?? {});
          }
          throw notAllowed(host, port);
        });
    };
    const connecting = raceAddresses<ITransport>(requested, port, {
      clock: reactor,
      resolver: reactor.nameResolver,
      families: ["IPv6", "IPv4"],
      attempt,
    }, { timeout: connectTimeout });
    return connectTimeout === Infinity
      ? connecting
      : connecting.addTimeout(connectTimeout, reactor);
  }

  /**
   * Logs that a client was refused. The first line is logged at once; further ones of the next
   * second share a line.
   *
   * @param peer The client's address.
   * @param reason The reason.
   */
  logRefusal(peer: Address, reason: string): void {
    const line = `Refused the SOCKS client ${peer}: ${reason}`;
    this.#refusals.add((count) => warn(`${line}${alike(count)}`, { count }));
  }
}

/** Calls a function of the application that must return `true`. */
function isTrue(name: string, f: () => unknown): Deferred<boolean> {
  return execute(f).addCallbacks(
    (result) => {
      if (typeof result === "boolean") return result;
      const error = new TypeError(`${name} must return true or false, got ${quote(result)}`);
      logUserError(error, `Error while calling ${name}`);
      return false;
    },
    (error) => {
      // The client has gone, or its time is over.
      if (error instanceof CancelledError) throw error;
      logUserError(error, `Error while calling ${name}`);
      return false;
    },
  );
}

/**
 * Returns the one form of an IP address by which a rule can recognize it: an IPv4-mapped IPv6
 * address as IPv4, an IPv6 address in the form of RFC 5952, without a zone.
 *
 * @throws {RangeError} when a resolver has returned something else, which a connection would look
 *   up once more.
 */
function canonical(address: string): string {
  const bytes = addressBytes(address);
  if (bytes === null) {
    throw new RangeError(`A resolver must return addresses, got ${quote(address)}`);
  }
  return addressText(unmapped(bytes));
}

function notAllowed(host: string, port: number): TargetNotAllowed {
  const address = String(new HostnameAddress(host, port));
  return new TargetNotAllowed(`Cannot connect to ${address}: authorize did not allow it`, {
    address,
  });
}
