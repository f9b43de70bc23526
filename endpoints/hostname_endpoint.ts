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
} from "../reactor/interfaces/endpoint.ts";

/**
 * A client endpoint for a TCP port of a host that is given by its name. It tries all addresses of
 * the name, IPv6 and IPv4, with a short delay between the attempts, and uses the first one that
 * answers: Happy Eyeballs (RFC 8305), as described in `reactor/names/happy_eyeballs.ts`. Twisted's
 * `HostnameEndpoint`.
 *
 * If no address answers, `connect()` fails with a `ConnectError`. Its message has each address with
 * the reason why it failed, and its `cause` is an `AggregateError` of the reasons. If all reasons
 * have one class, such as `ConnectionRefusedError` or `ConnectTimeoutError`, the error has that
 * class. A name without addresses fails with `DNSLookupError`, and an invalid name with
 * `RangeError`.
 *
 * Deno requires `--allow-net` for the name and for its addresses. The addresses of most names are
 * not known in advance, so these need `--allow-net` without a list.
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
   * Creates an endpoint. The name is not looked up yet.
   *
   * @param reactor The reactor that will look up the name and connect.
   * @param host A name, or an address. A name with characters outside ASCII is looked up in its
   *   IDNA form.
   * @param port The port number.
   * @param options Options of the connection.
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
    return connectTCPToHost(
      this.#reactor,
      this.#host,
      this.#port,
      ["IPv6", "IPv4"],
      factory,
      this.#options,
      options,
    );
  }

  /** Returns the host and the port, such as `xn--bcher-kva.ch:80`. */
  toString(): string {
    return String(new HostnameAddress(asciiOf(this.#host), this.#port));
  }
}

/** An invalid name is returned in quotes. */
function asciiOf(host: string): string {
  try {
    return encodeHostname(host);
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify(host);
    throw error;
  }
}
