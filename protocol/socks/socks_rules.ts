import { CancelledError, type Deferred, execute } from "../../defer/mod.ts";
import { logUserError } from "../../defer/guarded_call.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { checkFunction, checkTimeout, quote } from "../../internal/validation.ts";
import { warn } from "../../log/mod.ts";
import { HostnameAddress } from "../../reactor/addresses.ts";
import type { Address, ITransport } from "../../reactor/interfaces/mod.ts";
import { alike, LogThrottle } from "../../reactor/lifecycle/log_throttle.ts";
import { raceAddresses } from "../../reactor/names/happy_eyeballs.ts";
import { addressBytes, addressText, unmapped } from "../../reactor/names/ip_address.ts";
import { TargetNotAllowed } from "./reply_of_failure.ts";
import type { SOCKSRequest } from "./socks_messages.ts";
import type { SOCKSFactoryOptions, SOCKSReactor } from "./socks_options.ts";
import { connectToTarget } from "./target_connection.ts";

/** The rules of a SOCKS server, and the connections to the targets that they allow. */
export class SOCKSRules {
  /** The reactor that connects to targets. */
  readonly reactor: SOCKSReactor;
  /** Seconds until a request must be complete. */
  readonly handshakeTimeout: number;
  /** The versions of SOCKS that clients may use. */
  readonly versions: readonly (4 | 5)[];
  /** Whether clients must send a user name and a password. */
  readonly requiresCredentials: boolean;
  readonly #connectTimeout: number;
  readonly #options: SOCKSFactoryOptions;
  readonly #refusals: LogThrottle;

  /**
   * @param reactor The reactor that connects to targets, and looks up their names.
   * @param options The rules and the timeouts.
   */
  constructor(reactor: SOCKSReactor, options: SOCKSFactoryOptions) {
    const { handshakeTimeout = 10, connectTimeout = 30, versions = [4, 5] } = options;
    checkFunction("authorize", options.authorize);
    if (options.authenticate !== undefined) checkFunction("authenticate", options.authenticate);
    checkTimeout("handshakeTimeout", handshakeTimeout);
    checkTimeout("connectTimeout", connectTimeout);
    if (!Array.isArray(versions)) {
      throw new TypeError(`versions must be a list of 4 and 5, got ${quote(versions)}`);
    }
    if (versions.length === 0 || versions.some((version) => version !== 4 && version !== 5)) {
      throw new RangeError(`versions must be a list of 4 and 5, got ${quote(versions)}`);
    }
    this.reactor = reactor;
    this.handshakeTimeout = handshakeTimeout;
    this.versions = versions;
    this.requiresCredentials = options.authenticate !== undefined;
    this.#connectTimeout = connectTimeout;
    this.#options = options;
    this.#refusals = new LogThrottle(reactor);
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
    const { reactor } = this;
    const connectTimeout = this.#connectTimeout;
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

  /** Logs the number of refusals that have not been logged yet. */
  flush(): void {
    this.#refusals.flush();
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
      if (isInstance(error, CancelledError)) throw error;
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
