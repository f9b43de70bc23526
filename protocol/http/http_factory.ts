import { checkFunction } from "../../internal/foreign_value.ts";
import { FailureCounter } from "../../log/failure_counter.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { ServerFactory } from "../factory.ts";
import { HTTPChannel, type HTTPHandler, shareRefusals } from "./http_channel.ts";
import { type HTTPOptions, type HTTPSettings, httpSettings } from "./http_options.ts";

/**
 * A server that speaks HTTP/1.1, on any endpoint: it builds an {@linkcode HTTPChannel} for each
 * client. Twisted's `twisted.web.http.HTTPFactory`, with the handler of `Deno.serve` instead of
 * resources.
 *
 * - Requests of a connection are handled one after the other, and answered in their order.
 * - Bodies are streams in both directions, with backpressure.
 * - A handler that throws is logged, and answered with 500. If a response's body fails, the
 *   connection is aborted.
 * - `port.drain(seconds)` lets the next response of each connection be the last one. Connections
 *   that stay idle are closed at the deadline.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { HTTPFactory } from "@torsion/reactor/http";
 *
 * const factory = new HTTPFactory((request) => {
 *   return new Response(`Hello from ${new URL(request.url).pathname}\n`);
 * });
 * reactor.listenTCP(8080, factory, { interface: "127.0.0.1" });
 * await reactor.run();
 * ```
 */
export class HTTPFactory extends ServerFactory<HTTPChannel> {
  readonly #handler: HTTPHandler;
  readonly #settings: HTTPSettings;
  readonly #refusals = new FailureCounter();

  /**
   * Creates a server that does not listen yet.
   *
   * @param handler The function that answers the requests.
   * @param options The limits and timeouts of each connection.
   * @throws {TypeError} when `handler` is not a function.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(handler: HTTPHandler, options: HTTPOptions = {}) {
    super();
    checkFunction("HTTPFactory() handler", handler);
    this.#handler = handler;
    this.#settings = httpSettings(options);
  }

  /** Builds the protocol of a client. */
  override buildProtocol(_addr: Address): HTTPChannel {
    const channel = new HTTPChannel(this.#handler, this.#settings);
    shareRefusals(channel, this.#refusals);
    channel.factory = this;
    return channel;
  }
}
