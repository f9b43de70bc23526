import { connectUntilAborted } from "./connect_until_aborted.ts";
import type { Deferred } from "../defer/mod.ts";
import { HostnameAddress } from "../reactor/addresses.ts";
import { encodeHostname } from "../reactor/names/hostname.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import {
  connectTCPToHost,
  type ConnectToHostOptions,
  type IReactorForNames,
} from "./connect_to_host.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "./interfaces.ts";

/**
 * A TCP port of a host that is known by its name. All its addresses are tried, of both families, side by side with a little delay, and
 * the first that answers gets the connection: Happy Eyeballs (RFC 8305), told of in `reactor/names/happy_eyeballs.ts`. Twisted's
 * `HostnameEndpoint`.
 *
 * When none answers, `connect()` fails with a `ConnectError` whose message has each address and why it failed, and whose `cause` is an
 * `AggregateError` of the reasons; it is a `ConnectionRefusedError`, a `ConnectTimeoutError` or the like when that is what they all are. A name
 * that has no address fails with `DNSLookupError`, and what is no name with a `RangeError`.
 *
 * Under Deno it needs `--allow-net` for the name and for the addresses behind it, and so for most names `--allow-net` alone.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, HostnameEndpoint } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = new HostnameEndpoint(reactor, "example.org", 80, { timeout: 5 });
 * const protocol = await connectProtocol(endpoint, new Protocol(), {
 *   signal: AbortSignal.timeout(10_000),
 * });
 * protocol.transport.write("HEAD / HTTP/1.0\r\n\r\n");
 * ```
 */
export class HostnameEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorForNames;
  readonly #host: string;
  readonly #port: number;
  readonly #options: ConnectToHostOptions;

  /**
   * Names a port; nothing is looked up yet.
   *
   * @param reactor What looks the name up and connects.
   * @param host A name, or an address. One with other characters than ASCII's is looked up by its IDNA form.
   * @param port The port number.
   * @param options How it connects.
   */
  constructor(
    reactor: IReactorForNames,
    host: string,
    port: number,
    options: ConnectToHostOptions = {},
  ) {
    this.#reactor = reactor;
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectUntilAborted(
      () =>
        connectTCPToHost(
          this.#reactor,
          this.#host,
          this.#port,
          ["IPv6", "IPv4"],
          factory,
          this.#options,
        ),
      options,
    );
  }

  /** See {@linkcode IStreamClientEndpoint.toString}: `xn--bcher-kva.ch:80`. */
  toString(): string {
    return String(new HostnameAddress(asciiOf(this.#host), this.#port));
  }
}

/** What is no name is quoted, as it is. */
function asciiOf(host: string): string {
  try {
    return encodeHostname(host);
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify(host);
    throw error;
  }
}
