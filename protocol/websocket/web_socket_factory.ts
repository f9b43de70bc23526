import type { Address, IProtocol } from "../../reactor/interfaces/mod.ts";
import { ServerFactory } from "../factory.ts";
import { ServerHandshake } from "./server_handshake.ts";
import {
  type WebSocketAccept,
  type WebSocketFactoryOptions,
  WebSocketRules,
} from "./web_socket_rules.ts";

/**
 * A server for WebSocket connections on any endpoint: it receives the requests of clients, and
 * calls `accept`, which returns the protocol of each connection.
 *
 * A request is refused without a call of `accept` if it is malformed, too long or too slow, or if
 * it comes from a page of another origin: see {@linkcode WebSocketFactoryOptions.allowedOrigins}.
 *
 * @example An echo server that accepts one path
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { WebSocketFactory, WebSocketProtocol } from "@torsion/reactor/websocket";
 *
 * class Echo extends WebSocketProtocol {
 *   override messageReceived(data: string | Uint8Array) {
 *     this.send(data);
 *   }
 * }
 *
 * const factory = new WebSocketFactory(({ url }) => url.pathname === "/echo" ? new Echo() : null);
 * reactor.listenTCP(8080, factory);
 * await reactor.run();
 * ```
 */
export class WebSocketFactory extends ServerFactory<IProtocol> {
  readonly #rules: WebSocketRules;

  /**
   * Creates a server that does not listen yet.
   *
   * @param accept Returns the protocol for a request, an answer that refuses it, or `null` for "404
   *   Not Found"; or a Deferred or promise of it.
   * @param options The rules and the limits.
   * @throws {TypeError} when `accept` is not a function.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(accept: WebSocketAccept, options: WebSocketFactoryOptions = {}) {
    super();
    this.#rules = new WebSocketRules(accept, options);
  }

  /** Builds the protocol that receives the request of a client. */
  override buildProtocol(_addr: Address): IProtocol {
    return new ServerHandshake(this, this.#rules);
  }
}
