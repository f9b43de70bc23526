import { ServerFactory } from "../factory.ts";
import type { Protocol } from "../protocol.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { SOCKSFactoryOptions, SOCKSReactor } from "./socks_options.ts";
import { SOCKSRules } from "./socks_rules.ts";
import { SOCKSServer } from "./socks_server.ts";

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
export class SOCKSFactory extends ServerFactory<Protocol> {
  readonly #rules: SOCKSRules;

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
    this.#rules = new SOCKSRules(reactor, options);
  }

  /** Builds the protocol of a client. */
  override buildProtocol(_addr: Address): Protocol {
    const protocol = new SOCKSServer(this.#rules);
    protocol.factory = this;
    return protocol;
  }

  /** Logs the number of refusals that have not been logged yet. */
  override stopFactory(): void {
    this.#rules.flush();
  }
}
